import Benchmarks
import Kernels
import Networks
import Testing
import Training

@Suite struct OperationCountTests {
    /// PyTorch 2.13's `FlopCounterMode` over a step of nnU-Net's network, as `launch/peer_step.py` reports it.
    @Test(
        "The operations of a step are those that the peer counts",
        arguments: [
            (BenchmarkNetwork.hippo, 1_032_369_408_000), (.hippo8, 1_032_369_408_000), (.mid, 708_158_423_040),
            (.full, 5_721_131_188_224),
        ])
    func peerCount(network: BenchmarkNetwork, count: Int) throws {
        #expect(try operations(BenchmarkSubject(network: network)) == count)
    }

    @Test("Operations grow with the batch") func batch() throws {
        let one = try operations(BenchmarkSubject(network: .mid, batchSize: 1))
        #expect(try operations(BenchmarkSubject(network: .mid, batchSize: 5)) == 5 * one)
    }

    /// A network of two levels with features 1 and 2 and one convolution each, on 2×2×2 voxels, by hand.
    ///
    /// Multiply-adds of one direction: 8 · 27 (1 → 1 on 8 voxels), 1 · 2 · 27 (stride 2), 2 · 8 (transposed),
    /// 2 · 8 · 27 (over two inputs), heads 2 · 8. Three directions each, the first convolution two.
    @Test("Operations of a small network, worked out by hand") func byHand() {
        let architecture = UNetArchitecture(
            inputChannelCount: 1, headCount: 2, features: [1, 2], kernelSizes: [[3, 3, 3], [3, 3, 3]],
            strides: [[1, 1, 1], [2, 2, 2]], encoderConvolutionCounts: [1, 1], decoderConvolutionCounts: [1])
        let multiplyAdds = 2 * 216 + 3 * (54 + 16 + 432 + 16)
        #expect(
            NetworkConvolutions.operationCount(
                of: architecture, batchSize: 1, patchSize: [2, 2, 2], supervisedLevelCount: 1) == 2 * multiplyAdds)
    }

    /// The same counter over nnU-Net's ResidualEncoderUNet: 2 samples of 24×32×32 voxels, 3 heads.
    @Test("The operations of a residual network are those that the peer counts") func residual() {
        let kernels = Array(repeating: [3, 3, 3], count: 4)
        let architecture = UNetArchitecture(
            inputChannelCount: 1, headCount: 3, features: [32, 64, 128, 128], kernelSizes: kernels,
            strides: [[1, 1, 1], [2, 2, 2], [2, 2, 2], [1, 2, 2]], encoder: .residual,
            encoderConvolutionCounts: [1, 3, 4, 6], decoderConvolutionCounts: [1, 1, 1])
        #expect(
            NetworkConvolutions.operationCount(
                of: architecture, batchSize: 2, patchSize: [24, 32, 32], supervisedLevelCount: 2) == 89_972_342_784)
    }

    @Test("The convolutions of the Hippocampus network") func shapes() {
        let shapes = NetworkConvolutions.shapes(
            of: BenchmarkNetwork.hippo.architecture, sampleCount: 1, patchSize: [40, 56, 40], precision: .fp32)
        #expect(shapes.count == 8 + 3 + 6)
        #expect(shapes.count(where: \.isFirst) == 1 && shapes[0].isFirst)
        #expect(shapes.filter(\.isTransposed).map(\.outputSize) == [[10, 14, 10], [20, 28, 20], [40, 56, 40]])
        #expect(shapes.last?.outputSize == [40, 56, 40] && shapes.last?.outputChannelCount == 32)
        // The way up, the two convolutions of the highest level: over both inputs, then over the result.
        #expect(shapes.suffix(3).map(\.inputChannelCount) == [64, 64, 32])
    }

    private func operations(_ subject: BenchmarkSubject) -> Int {
        NetworkConvolutions.operationCount(
            of: subject.settings.architecture, batchSize: subject.batchSize, patchSize: subject.patchSize,
            supervisedLevelCount: subject.settings.loss.levelWeights.count)
    }
}
