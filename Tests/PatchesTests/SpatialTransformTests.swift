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

    @Test("Nothing beyond the enlarged patch is shown") func enlargedPatches() throws {
        for entry in try #require(Phantoms.fixture()["enlarged"]?.array) {
            let (volume, patchSize) = (try entry.sizes("volume"), try entry.sizes("patch"))
            let source = PatchSource(
                identifier: "case", image: Tensor(shape: [1] + volume, scalars: Phantoms.image(volume)),
                labels: Tensor(shape: volume, scalars: Phantoms.labels(volume)), locations: [])
            let reader = PatchReader(
                contentSize: patchSize, tensorSize: patchSize, channelCount: 1, maskedChannels: [false])
            var draws = AugmentationDraws()
            draws.scale = entry["scale"]?.number.map(Float.init)
            // A slice-wise transform uses the last angle of the plane.
            draws.rotation = entry["angles"]?.numbers.map {
                $0.count == 2 ? SIMD3(Float($0[1]), 0, 0) : SIMD3($0.map(Float.init))
            }
            let plan = PatchPlan(
                corner: SIMD3(try entry.sizes("corner")), isForced: false, geometry: reader.geometry, draws: draws)
            let image = AlignedBuffer<Float>(count: patchSize.reduce(1, *))
            let labels = AlignedBuffer<Int16>(count: image.count)
            reader.read(
                from: source, plan, noise: NoiseStream(seed: 0, iteration: 0, index: 0), image: image.pointer,
                labels: labels.pointer, presence: .init(start: nil, count: 0), scratch: PatchScratch())
            #expect(distance(image.array, try entry.values("image")) < 2e-5)
            // Outside, the last step turns -1 into 0.
            let different = zip(labels.array, try entry.sizes("labels")).count { Int($0) != max($1, 0) }
            #expect(different <= labels.count / 50, "\(different) labels differ")
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

    @Test("A window shows what a case of its size shows", arguments: 0..<40)
    func windows(number: Int) {
        var stream = RandomStream(seed: 11, purpose: .test, index: number)
        let volume = [12, 14, 13]
        let corner = SIMD3((0..<3).map { _ in stream.integer(in: -3...4) })
        let window = CaseWindow(corner: corner, size: SIMD3(8, 9, 10), in: SIMD3(volume))
        let rotation = SIMD3((0..<3).map { _ in stream.uniform(-0.5..<0.5) })
        var probe = SamplingProbe(
            volume: volume, patchSize: [6, 7, 8], rotation: rotation, scale: 1.4, corner: corner &+ 1)
        let (image, labels) = (Phantoms.image(volume), Phantoms.labels(volume))
        // The same case, with nothing outside the window.
        var visible = (image: image, labels: labels)
        for (place, voxel) in Phantoms.voxels(volume, { SIMD3($0, $1, $2) }).enumerated()
        where any(voxel .< window.lower) || any(voxel .>= window.upper) {
            visible.image[place] = 0
            visible.labels[place] = -1
        }
        probe.window = window
        let found = probe.read()
        probe.window = nil
        (probe.image, probe.labels) = visible
        let expected = probe.read()
        #expect(distance(found.image, expected.image.map(Double.init)) < 1e-6)
        #expect(found.labels == expected.labels)
        #expect(found.labels.contains(-1))
    }

    @Test("Labels are those with the largest share, the lowest of equal ones", arguments: 0..<12)
    func shares(number: Int) {
        var stream = RandomStream(seed: 7, purpose: .test, index: number)
        let volume = [7, 8, 9]
        // Noise, so that up to eight labels meet; a shift by halves, so that shares are equal.
        let labels = Phantoms.voxels(volume) { _, _, _ in Int16(stream.integer(in: -1...(number % 6))) }
        let halves = (0..<3).map { _ in number % 2 == 0 ? 0.5 : 0.25 }
        let patchSize = [4, 4, 4]
        let geometry = PatchGeometry(patchSize: patchSize)
        let center = SIMD3(3.5 + halves[0], 3.5 + halves[1], 4.5 + halves[2])
        let grid = SamplingGrid(geometry: geometry, center: center, rotation: nil, scale: 1)
        let found = AlignedBuffer<Int16>(count: 64)
        let window = CaseWindow(of: SIMD3(volume))
        GridSampling.sampleLabels(
            labels, size: SIMD3(volume), window: window, on: grid, spans: GridSpans(of: grid, in: window),
            to: found.pointer)
        let expected = Phantoms.voxels(patchSize) { d, h, w -> Int16 in
            var shares: [Int16: Double] = [:]
            for corner in 0..<8 {
                let steps = [corner >> 2 & 1, corner >> 1 & 1, corner & 1]
                let place = zip([2 + d, 2 + h, 3 + w], steps).map { $0 + $1 }
                let weight = zip(halves, steps).reduce(1.0) { $0 * ($1.1 == 1 ? $1.0 : 1 - $1.0) }
                shares[labels[(place[0] * 8 + place[1]) * 9 + place[2]], default: 0] += weight
            }
            let largest = shares.values.max() ?? 0
            return shares.filter { $0.value == largest }.keys.min() ?? 0
        }
        #expect(found.array == expected)
    }

    @Test("A patch whose corners lie in the case shows what it shows when every row is looked at", arguments: 0..<60)
    func wholePatches(number: Int) {
        var stream = RandomStream(seed: 5, purpose: .test, index: number)
        let volume = [11, 17, 19]
        let patchSize = number % 3 == 0 ? [2, 8, 8] : [4, 5, 8]
        let angles = (0..<3).map { _ in stream.uniform(-0.5..<0.5) }
        // From far inside to far outside.
        let corner = SIMD3(stream.integer(in: -3...9), stream.integer(in: -3...12), stream.integer(in: -3...14))
        var probe = SamplingProbe(
            volume: volume, patchSize: patchSize, rotation: number % 5 == 0 ? nil : SIMD3(angles),
            scale: stream.uniform(0.7..<1.4), corner: number % 4 == 0 ? nil : corner)
        let short = probe.read()
        probe.looksAtCorners = false
        let long = probe.read()
        #expect(short.image == long.image)
        #expect(short.labels == long.labels)
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
    var looksAtCorners = true
    /// What can be seen of the case; all of it when absent.
    var window: CaseWindow?

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
            let window = window ?? CaseWindow(of: size)
            let spans = GridSpans(of: grid, in: window, looksAtCorners: looksAtCorners)
            GridSampling.sampleImage(image, size: size, window: window, on: grid, spans: spans, to: found.pointer)
            GridSampling.sampleLabels(
                labels, size: size, window: window, on: grid, spans: spans, to: foundLabels.pointer)
        }
        return (found.array, foundLabels.array)
    }
}

extension CaseWindow {
    /// A whole case of `size` voxels.
    fileprivate init(of size: SIMD3<Int>) { self.init(corner: SIMD3(), size: size, in: size) }
}
