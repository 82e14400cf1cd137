import Documents
import Patches
import Tensors
import Testing

@Suite struct SpatialTransformTests {
    @Test("Turned and scaled patches are those of the published pipeline") func fixtures() throws {
        for entry in try #require(Phantoms.fixture()["spatial"]?.array) {
            let volume = try entry.sizes("volume")
            let patchSize = try entry.sizes("patch")
            let angles = entry["angles"]?.numbers
            // A slice-wise transform uses the last angle of the plane.
            let rotation = angles.map { $0.count == 2 ? SIMD3(Float($0[1]), 0, 0) : SIMD3($0.map(Float.init)) }
            let grid = SamplingProbe(
                volume: volume, patchSize: patchSize, rotation: rotation, scale: entry["scale"]?.number.map(Float.init))
            let found = grid.read()
            let expected = try entry.values("image")
            #expect(distance(found.image, expected) < 2e-5)
            let labels = try entry.sizes("labels")
            let different = zip(found.labels, labels).count { Int($0) != $1 }
            // The published argmax runs in half precision, so a few voxels between labels may differ.
            #expect(found.labels.count == labels.count && different <= labels.count / 50, "\(different) labels differ")
        }
    }

    @Test("A quarter turn about D moves H onto W") func quarterTurn() {
        let size = [3, 5, 5]
        let probe = SamplingProbe(volume: size, patchSize: size, rotation: SIMD3(.pi / 2, 0, 0), scale: nil)
        let image = Phantoms.image(size)
        // q = R g with R = [[1,0,0],[0,0,-1],[0,1,0]]: output (d, h, w) shows (d, 4 - w, h).
        let expected = Phantoms.voxels(size) { d, h, w in Double(image[(d * 5 + (4 - w)) * 5 + h]) }
        #expect(distance(probe.read().image, expected) < 1e-6)
    }

    @Test("A factor above 1 zooms out") func zoom() {
        let size = [9, 9, 9]
        let ramp = Phantoms.voxels(size) { Float($0 + 10 * $1 + 100 * $2) }
        let probe = SamplingProbe(
            volume: size, patchSize: [3, 3, 3], rotation: nil, scale: 1.5, image: ramp, labels: nil)
        let expected = Phantoms.voxels([3, 3, 3]) { d, h, w in
            4 + 1.5 * Double(d - 1) + 10 * (4 + 1.5 * Double(h - 1)) + 100 * (4 + 1.5 * Double(w - 1))
        }
        #expect(distance(probe.read().image, expected) < 1e-4)
    }

    @Test("Outside the case the image is 0 and the label -1; ties go to the lower label") func borders() {
        let probe = SamplingProbe(
            volume: [2, 2, 2], patchSize: [4, 4, 4], rotation: nil, scale: 1, image: [Float](repeating: 2, count: 8),
            labels: [3, 1, 3, 1, 3, 1, 3, 1])
        let found = probe.read()
        for (place, voxel) in Phantoms.voxels([4, 4, 4], { [$0, $1, $2] }).enumerated() {
            let isInside = voxel.allSatisfy { (1...2).contains($0) }
            #expect(found.image[place] == (isInside ? 2 : 0))
            #expect(found.labels[place] == (isInside ? (voxel[2] == 1 ? 3 : 1) : -1))
        }
        let between = SamplingProbe(
            volume: [2, 2, 2], patchSize: [1, 1, 1], rotation: nil, scale: 1, image: nil,
            labels: [3, 1, 3, 1, 3, 1, 3, 1])
        #expect(between.read().labels == [1])
    }

    @Test("An identity grid shows what a crop shows, wherever it lies", arguments: [-9, -3, 0, 2, 7, 20])
    func identity(offset: Int) {
        for patchSize in [[4, 6, 5], [2, 8, 9]] {
            let corner = SIMD3(offset, offset - 1, 1 - offset)
            let crop = SamplingProbe(
                volume: [8, 9, 7], patchSize: patchSize, rotation: nil, scale: nil, corner: corner
            ).read()
            let grid = SamplingProbe(
                volume: [8, 9, 7], patchSize: patchSize, rotation: SIMD3(), scale: 1, corner: corner
            ).read()
            #expect(grid.image == crop.image)
            #expect(grid.labels == crop.labels)
        }
    }
}

/// Cuts one patch out of a small case.
private struct SamplingProbe {
    let volume: [Int]
    let patchSize: [Int]
    let rotation: SIMD3<Float>?
    let scale: Float?
    /// Lower corner of the patch, turned about its center; centered in the case when absent.
    var corner: SIMD3<Int>?
    var image: [Float]?
    var labels: [Int16]?

    func read() -> (image: [Float], labels: [Int16]) {
        let geometry = PatchGeometry(patchSize: patchSize)
        let size = SIMD3(volume)
        let found = AlignedBuffer<Float>(count: patchSize.reduce(1, *))
        let foundLabels = AlignedBuffer<Int16>(count: found.count)
        found.fill(.nan)
        foundLabels.fill(99)
        let (image, labels) = (image ?? Phantoms.image(volume), labels ?? Phantoms.labels(volume))
        if rotation == nil, scale == nil {
            let centered = SIMD3((0..<3).map { size[$0] / 2 - patchSize[$0] / 2 })
            Crop.copy(
                from: image, size: size, corner: corner ?? centered, to: found.pointer, targetSize: geometry.patchSize,
                padding: 0)
            Crop.copy(
                from: labels, size: size, corner: corner ?? centered, to: foundLabels.pointer,
                targetSize: geometry.patchSize, padding: -1)
        } else {
            let center = SIMD3(
                (0..<3).map { axis in
                    corner.map { Double($0[axis]) + Double(patchSize[axis] - 1) / 2 } ?? Double(size[axis] - 1) / 2
                })
            let grid = SamplingGrid(geometry: geometry, center: center, rotation: rotation, scale: scale)
            GridSampling.sampleImage(image, size: size, on: grid, to: found.pointer)
            GridSampling.sampleLabels(labels, size: size, on: grid, to: foundLabels.pointer)
        }
        return (found.array, foundLabels.array)
    }
}
