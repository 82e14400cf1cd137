import Objectives
import Testing

@Suite struct TargetPyramidTests {
    /// What PyTorch 2.13 gives for `interpolate(arange(full), size=small, mode="nearest-exact")`.
    @Test(
        "each target voxel takes the one in the middle of its cell",
        arguments: [
            (40, [4, 12, 20, 28, 36]), (12, [2, 6, 10]), (5, [1, 3]), (7, [1, 3, 5]), (9, [1, 3, 5, 7]),
            (11, [1, 5, 9]), (13, [1, 3, 5, 7, 9, 11]), (6, [0, 2, 3, 5]), (10, [0, 2, 3, 5, 6, 7, 9]), (1, [0]),
        ])
    func sources(full: Int, expected: [Int16]) {
        // Along each axis in turn, two samples apart by 100.
        for axis in 0..<3 {
            func size(_ count: Int) -> [Int] { (0..<3).map { $0 == axis ? count : 1 } }
            let pyramid = TargetPyramid(batchSize: 2, sizes: [size(full), size(expected.count)])
            pyramid.fill(from: (0..<2).flatMap { sample in (0..<full).map { Int16($0 + 100 * sample) } })
            #expect(labels(pyramid, 1) == expected + expected.map { $0 + 100 })
            #expect(labels(pyramid, 0).count == 2 * full)
        }
    }

    /// `[2, 4, 4]` numbered in C order, halved along the last two axes, then all to one voxel.
    @Test func aVolumeByHand() {
        let pyramid = TargetPyramid(batchSize: 1, sizes: [[2, 4, 4], [2, 2, 2], [1, 1, 1]])
        pyramid.fill(from: (0..<32).map { Int16($0) })
        #expect(labels(pyramid, 0) == (0..<32).map { Int16($0) })
        #expect(labels(pyramid, 1) == [5, 7, 13, 15, 21, 23, 29, 31])
        #expect(labels(pyramid, 2) == [16 + 2 * 4 + 2])
        // A second batch replaces the first.
        pyramid.fill(from: (0..<32).map { Int16(31 - $0) })
        #expect(labels(pyramid, 2) == [5])
    }

    @Test func countsVoxelsThatAreNotIgnored() {
        let pyramid = TargetPyramid(batchSize: 2, sizes: [[1, 2, 2], [1, 1, 1]])
        pyramid.fill(from: [0, 3, 3, 1, 3, 2, 1, 3])
        #expect(pyramid.validCount(level: 0, ignoreLabel: nil) == 8)
        #expect(pyramid.validCount(level: 0, ignoreLabel: 3) == 4)
        #expect(pyramid.validCount(level: 1, ignoreLabel: nil) == 2)
        #expect(pyramid.validCount(level: 1, ignoreLabel: 3) == 1)  // the last voxel of each cell: 1 and 3
    }

    private func labels(_ pyramid: TargetPyramid, _ level: Int) -> [Int16] {
        let count = pyramid.batchSize * pyramid.sizes[level].reduce(1, *)
        return pyramid.withLabels(level: level) { Array(UnsafeBufferPointer(start: $0, count: count)) }
    }
}
