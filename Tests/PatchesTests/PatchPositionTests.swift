import Datasets
import Patches
import Tensors
import Testing

@Suite struct PatchPositionTests {
    @Test(
        "Bounds of the lower corner",
        arguments: [
            (100, 102, 64, -19, 17), (40, 102, 64, -31, -31), (41, 102, 64, -31, -30), (10, 4, 4, 0, 6),
            (3, 4, 4, -1, 0), (4, 4, 4, 0, 0),
        ])
    func bounds(extent: Int, loaderSize: Int, patchSize: Int, lower: Int, upper: Int) {
        let bounds = PatchPosition.bounds(extent: extent, loaderSize: loaderSize, patchSize: patchSize)
        #expect(bounds == lower...upper)
    }

    @Test(
        "Foreground patches contain their voxel, for cases larger and smaller than the patch",
        arguments: [
            ([30, 25, 28], [16, 16, 16]), ([9, 40, 12], [16, 16, 16]), ([5, 6, 7], [8, 8, 8]),
            ([12, 13, 11], [3, 16, 16]),
        ] as [([Int], [Int])])
    func foregroundIsInside(size: [Int], patchSize: [Int]) {
        let labels = Phantoms.labels(size)
        let geometry = PatchGeometry(patchSize: patchSize)
        for loaderSize in [geometry.enlargedSize, geometry.patchSize] {
            for (place, voxel) in Phantoms.voxels(size, { SIMD3(Int32($0), Int32($1), Int32($2)) }).enumerated()
            where place % 7 == 0 {
                let source = PatchSource(
                    identifier: "one voxel", image: Tensor(shape: [1] + size, repeating: 0),
                    labels: Tensor(shape: size, scalars: labels),
                    locations: [
                        ClassLocations(key: [1], voxels: VoxelList([voxel])),
                        ClassLocations(key: [2], voxels: VoxelList([])),
                    ])
                var stream = RandomStream(seed: 3, purpose: .test, index: place)
                let corner = PatchPosition.draw(
                    from: source, loaderSize: loaderSize, patchSize: geometry.patchSize, isForeground: true,
                    using: &stream)
                for axis in 0..<3 {
                    let first = corner[axis] + loaderSize[axis] / 2 - geometry.patchSize[axis] / 2
                    #expect((first..<first + geometry.patchSize[axis]).contains(Int(voxel[axis])))
                }
            }
        }
    }

    @Test("Random corners fill their bounds evenly") func randomCorners() {
        let source = Phantoms.source("case", [20, 8, 12])
        let geometry = PatchGeometry(patchSize: [8, 8, 8])
        var counts = [[Int: Int]](repeating: [:], count: 3)
        for index in 0..<4000 {
            var stream = RandomStream(seed: 1, purpose: .position, index: index)
            let corner = PatchPosition.draw(
                from: source, loaderSize: geometry.enlargedSize, patchSize: geometry.patchSize, isForeground: false,
                using: &stream)
            for axis in 0..<3 { counts[axis][corner[axis], default: 0] += 1 }
        }
        for axis in 0..<3 {
            let bounds = PatchPosition.bounds(
                extent: source.size[axis], loaderSize: geometry.enlargedSize[axis], patchSize: 8)
            #expect(Set(counts[axis].keys) == Set(bounds))
            let expected = 4000.0 / Double(bounds.count)
            for count in counts[axis].values { #expect(abs(Double(count) - expected) < 5 * expected.squareRoot()) }
        }
    }

    @Test("Classes are drawn evenly, however many voxels they have") func classesAreEven() {
        let size = [16, 16, 16]
        let source = PatchSource(
            identifier: "case", image: Tensor(shape: [1] + size, repeating: 0),
            labels: Tensor(shape: size, repeating: 0),
            locations: [
                ClassLocations(key: [1], voxels: VoxelList([SIMD3(8, 8, 8)])),
                ClassLocations(key: [2], voxels: VoxelList((0..<900).map { _ in SIMD3(12, 12, 12) })),
                ClassLocations(key: [3], voxels: VoxelList([])),
            ])
        var first = 0
        for index in 0..<2000 {
            var stream = RandomStream(seed: 1, purpose: .position, index: index)
            let corner = PatchPosition.draw(
                from: source, loaderSize: SIMD3(4, 4, 4), patchSize: SIMD3(4, 4, 4), isForeground: true, using: &stream)
            #expect(corner == SIMD3(6, 6, 6) || corner == SIMD3(10, 10, 10))
            if corner[0] == 6 { first += 1 }
        }
        #expect(abs(first - 1000) < 110)
    }

    @Test("With an ignore label every patch is centered on an annotated voxel, if there is one")
    func annotatedVoxels() {
        let size = [16, 16, 16]
        func corners(_ locations: [ClassLocations], isForeground: Bool) -> Set<SIMD3<Int>> {
            let source = PatchSource(
                identifier: "case", image: Tensor(shape: [1] + size, repeating: 0),
                labels: Tensor(shape: size, repeating: 0), locations: locations)
            return Set(
                (0..<50).map { index in
                    var stream = RandomStream(seed: 1, purpose: .position, index: index)
                    return PatchPosition.draw(
                        from: source, loaderSize: SIMD3(4, 4, 4), patchSize: SIMD3(4, 4, 4), isForeground: isForeground,
                        using: &stream)
                })
        }
        let annotated = ClassLocations(key: [-1, 0, 1], voxels: VoxelList([SIMD3(8, 9, 10)]))
        let lesion = ClassLocations(key: [1], voxels: VoxelList([SIMD3(4, 4, 4)]))
        let nothing = ClassLocations(key: [1], voxels: VoxelList([]))
        #expect(corners([lesion, annotated], isForeground: false) == [SIMD3(6, 7, 8)])
        #expect(corners([lesion, annotated], isForeground: true) == [SIMD3(2, 2, 2)])
        #expect(corners([nothing, annotated], isForeground: true) == [SIMD3(6, 7, 8)])
        #expect(corners([nothing], isForeground: true).count > 20)
        let unannotated = ClassLocations(key: [-1, 0, 1], voxels: VoxelList([]))
        #expect(corners([unannotated, lesion], isForeground: false).count > 20)
    }
}
