import Documents
import Foundation
import Patches
import Tensors
import Testing

@Suite struct IntensityTransformTests {
    /// Applies a transform to the fixtures' image.
    private func transformed(
        _ size: [Int], _ values: [Float]? = nil, _ transform: (UnsafeMutablePointer<Float>, SIMD3<Int>) -> Void
    ) -> [Float] {
        let buffer = AlignedBuffer(values ?? Phantoms.image(size))
        transform(buffer.pointer, SIMD3(size))
        return buffer.array
    }

    @Test("Every transform is that of the published pipeline") func fixtures() throws {
        let fixture = try #require(Phantoms.fixture()["intensity"])
        let size = try fixture.sizes("size")
        let scratch = PatchScratch()
        let found: [String: [Float]] = [
            "blur": transformed(size) {
                GaussianBlur.apply($0, size: $1, deviations: SIMD3(0.55, 0.8, 0.95), scratch: scratch)
            },
            "lowResolution": transformed(size) {
                LowResolution.apply($0, size: $1, scale: 0.6, keepsSlices: false, scratch: scratch)
            },
            "lowResolutionOfSlices": transformed(size) {
                LowResolution.apply($0, size: $1, scale: 0.55, keepsSlices: true, scratch: scratch)
            },
            "contrast": transformed(size) { IntensityTransforms.contrast($0, count: $1.wrappedProduct, factor: 1.2) },
            "gamma": transformed(size) {
                IntensityTransforms.gamma($0, count: $1.wrappedProduct, exponent: 1.3, isInverted: false)
            },
            "invertedGamma": transformed(size) {
                IntensityTransforms.gamma($0, count: $1.wrappedProduct, exponent: 0.8, isInverted: true)
            },
        ]
        for (name, values) in found {
            let expected = try fixture.values(name)
            #expect(distance(values, expected) < 3e-6, "\(name)")
        }
    }

    @Test("Resampling is PyTorch's trilinear and nearest-exact") func resizing() throws {
        let fixture = try #require(Phantoms.fixture()["resized"])
        let (size, target) = (try fixture.sizes("size"), try fixture.sizes("target"))
        let image = AlignedBuffer<Float>(count: target.reduce(1, *))
        let labels = AlignedBuffer<Int16>(count: image.count)
        LinearResizing.linear(
            Phantoms.image(size), size: SIMD3(size), to: image.pointer, targetSize: SIMD3(target),
            scratch: PatchScratch())
        LinearResizing.nearest(
            Phantoms.labels(size), size: SIMD3(size), to: labels.pointer, targetSize: SIMD3(target))
        let (expected, expectedLabels) = (try fixture.values("image"), try fixture.sizes("labels"))
        #expect(distance(image.array, expected) < 1e-6)
        #expect(labels.array.map(Int.init) == expectedLabels)
    }

    @Test(
        "Filters have an odd number of voxels near 6 sigma + 0.5 and sum 1",
        arguments: [(0.5, 3), (0.58, 3), (0.584, 5), (0.9, 5), (0.917, 7), (1, 7)])
    func filterSizes(deviation: Double, tapCount: Int) {
        let weights = GaussianBlur.weights(deviation: Float(deviation))
        #expect(2 * weights.count - 1 == tapCount)
        #expect(abs(weights[0] + 2 * weights.dropFirst().reduce(0, +) - 1) < 1e-6)
        #expect(abs(weights[1] / weights[0] - Float(exp(-0.5 / (deviation * deviation)))) < 1e-6)
    }

    @Test(
        "A filter keeps a constant image, also on axes shorter than itself",
        arguments: [
            [1, 1, 1], [2, 1, 3], [3, 2, 4], [1, 9, 2], [4, 4, 17],
        ])
    func shortAxes(size: [Int]) {
        let values = transformed(size, [Float](repeating: 3, count: size.reduce(1, *))) {
            GaussianBlur.apply($0, size: $1, deviations: SIMD3(1, 1, 1), scratch: PatchScratch())
        }
        #expect(values.allSatisfy { abs($0 - 3) < 1e-5 })
    }

    @Test("Indices are reflected without repeating the border, as often as needed") func reflection() {
        #expect((-4..<7).map { GaussianBlur.reflected($0, count: 3) } == [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2])
        #expect((-3..<4).map { GaussianBlur.reflected($0, count: 2) } == [1, 0, 1, 0, 1, 0, 1])
        #expect((-3..<4).allSatisfy { GaussianBlur.reflected($0, count: 1) == 0 })
    }

    @Test("A coarser grid keeps at least one voxel and rounds half to even") func coarseSizes() {
        #expect(LowResolution.size(of: 1, scale: 0.5) == 1)
        #expect(LowResolution.size(of: 5, scale: 0.5) == 2)
        #expect(LowResolution.size(of: 7, scale: 0.5) == 4)
        #expect(LowResolution.size(of: 128, scale: 0.75) == 96)
    }

    @Test("A constant image survives every transform") func constantImage() {
        let count = 343
        let values = transformed([7, 7, 7], [Float](repeating: -1.5, count: count)) { pointer, size in
            IntensityTransforms.contrast(pointer, count: count, factor: 1.25)
            IntensityTransforms.gamma(pointer, count: count, exponent: 1.5, isInverted: false)
            IntensityTransforms.gamma(pointer, count: count, exponent: 0.7, isInverted: true)
            LowResolution.apply(pointer, size: size, scale: 0.5, keepsSlices: false, scratch: PatchScratch())
        }
        #expect(values.allSatisfy { abs($0 + 1.5) < 1e-6 })
    }

    @Test("Gamma keeps mean and standard deviation", arguments: [0.7, 1.0, 1.5] as [Float], [false, true])
    func gammaKeepsMoments(exponent: Float, isInverted: Bool) {
        let size = [12, 13, 14]
        let before = Phantoms.image(size)
        let after = transformed(size) { values, _ in
            IntensityTransforms.gamma(values, count: before.count, exponent: exponent, isInverted: isInverted)
        }
        let (old, new) = (moments(before), moments(after))
        #expect(abs(old.mean - new.mean) < 1e-5)
        #expect(abs(old.deviation - new.deviation) < 1e-5)
        if exponent == 1 { #expect(distance(after, before.map(Double.init)) < 1e-5) }
    }

    @Test("Noise is normal, of the wanted deviation, and differs between streams") func noise() {
        let count = 100_000
        func noise(_ index: Int, start: Int = 0) -> [Float] {
            let buffer = AlignedBuffer<Float>(count: count)
            NoiseStream(seed: 9, iteration: 4, index: index).add(
                deviation: 0.5, to: buffer.pointer, count: count, start: start, scratch: PatchScratch())
            return buffer.array
        }
        let first = noise(0)
        let (mean, deviation) = moments(first)
        #expect(abs(mean) < 0.006)
        #expect(abs(deviation - 0.5) < 0.005)
        let shares = [1.0, 2, 3].map { limit in
            Double(first.count { abs($0) < Float(0.5 * limit) }) / Double(count)
        }
        #expect(abs(shares[0] - 0.6827) < 0.006 && abs(shares[1] - 0.9545) < 0.004 && abs(shares[2] - 0.9973) < 0.001)
        for (other, lag) in [(noise(1), 0), (first, 1), (first, 256), (first, 512), (noise(0, start: 102_400), 0)] {
            let correlation = zip(first, other.dropFirst(lag)).reduce(0.0) { $0 + Double($1.0 * $1.1) }
            #expect(abs(correlation / Double(count) / 0.25) < 0.016)
        }
        let twelfth = noise(0, start: 1024)
        #expect(Array(first[1024..<4096]) == Array(twelfth[0..<3072]))
    }

    @Test("Powers and square roots are accurate to single precision") func elementaryFunctions() {
        for step in 1...2000 {
            let x = Float(step) / 2000
            for exponent in [0.7, 1, 1.37, 1.5] as [Float] {
                let exact = pow(Double(x), Double(exponent))
                #expect(abs(Double(VectorMaths.power(x, exponent)) - exact) < 1e-6 * exact)
            }
            #expect(abs(Double(VectorMaths.squareRoot(x * 80)) - Double(x * 80).squareRoot()) < 1e-5)
            let (cosine, sine) = VectorMaths.cosineAndSine((x - 0.5) * .pi / 2)
            #expect(abs(Double(cosine) - cos(Double((x - 0.5) * .pi / 2))) < 2e-7)
            #expect(abs(Double(sine) - sin(Double((x - 0.5) * .pi / 2))) < 2e-7)
        }
        #expect(VectorMaths.power(0, 0.7) < 1e-20 && VectorMaths.power(1, 1.5) == 1)
        #expect(VectorMaths.squareRoot(0) == 0)
    }

    @Test(
        "Flips reverse exactly the marked axes, and twice is nothing",
        arguments: [[3, 4, 5], [1, 2, 17], [2, 3, 32]])
    func flips(size: [Int]) {
        for bits in 0..<8 {
            var axes = SIMDMask<SIMD3<Int>>()
            for axis in 0..<3 { axes[axis] = bits >> axis & 1 == 1 }
            let values = Phantoms.image(size)
            let once = transformed(size) { Mirroring.flip($0, size: $1, axes: axes) }
            let expected = Phantoms.voxels(size) { d, h, w in
                let place = [d, h, w].enumerated().map { axes[$0] ? size[$0] - 1 - $1 : $1 }
                return values[(place[0] * size[1] + place[1]) * size[2] + place[2]]
            }
            #expect(once == expected)
            #expect(transformed(size, once) { Mirroring.flip($0, size: $1, axes: axes) } == values)
        }
    }

    @Test("Voxels outside the mask become background, and 0 in the channels that ask for it") func finishing() {
        let labels = AlignedBuffer<Int16>([-1, 0, 2, -1, 5])
        let image = AlignedBuffer<Float>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        let presence = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 4)
        defer { presence.deallocate() }
        presence.initialize(repeating: false)
        LabelFinish.apply(
            labels: labels.pointer, image: image.pointer, voxelCount: 5, maskedChannels: [1], presence: presence)
        #expect(labels.array == [0, 0, 2, 0, 5])
        #expect(image.array == [1, 2, 3, 4, 5, 0, 7, 8, 0, 10])
        #expect(Array(presence) == [true, false, true, false])
    }

    @Test("Runs of labels are finished voxel by voxel", arguments: 0..<20) func finishedRuns(number: Int) {
        var stream = RandomStream(seed: 6, purpose: .test, index: number)
        var values: [Int16] = []
        while values.count < 40 + number {
            let label = Int16(stream.integer(in: -1...4))
            values += Array(repeating: label, count: stream.integer(in: 1...11))
        }
        let labels = AlignedBuffer(values)
        let image = AlignedBuffer<Float>(count: values.count)
        let presence = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 4)
        defer { presence.deallocate() }
        presence.initialize(repeating: false)
        LabelFinish.apply(
            labels: labels.pointer, image: image.pointer, voxelCount: values.count, maskedChannels: [],
            presence: presence)
        let expected = values.map { max($0, 0) }
        #expect(labels.array == expected)
        #expect(Array(presence) == (0..<4).map { expected.contains($0) })
    }

    @Test(
        "Noise of any length is the beginning of longer noise", arguments: [1, 511, 512, 513, 1024, 1025, 1536, 2047])
    func noiseLengths(count: Int) {
        func noise(_ count: Int) -> [Float] {
            let buffer = AlignedBuffer<Float>(count: count)
            NoiseStream(seed: 3, iteration: 1, index: 2).add(
                deviation: 1, to: buffer.pointer, count: count, start: 0, scratch: PatchScratch())
            return buffer.array
        }
        #expect(noise(count) == Array(noise(4096).prefix(count)))
    }

    private func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
        let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        return (mean, (squares / Double(values.count - 1)).squareRoot())
    }
}

extension SIMD3 where Scalar == Int {
    fileprivate var wrappedProduct: Int { self[0] &* self[1] &* self[2] }
}
