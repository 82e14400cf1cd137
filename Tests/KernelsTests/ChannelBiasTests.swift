import Kernels
import Tensors
import Testing

@Suite struct ChannelBiasTests {
    /// Two channels of three voxels, biases 10 and −0.5; gradients summed by hand, over two samples.
    @Test("adds its channel's bias and sums its channel's gradient", arguments: [1, 8, 16]) func byHand(block: Int) {
        let bias = ChannelBias(batchSize: 2, channelCount: 2, block: block, voxelCount: 3)
        bias.setParameters(bias: [10, -0.5])
        let values: [Float] = [1, 2, 3, 4, 5, 6, -1, -2, -3, 0, 0, 8]
        let x = ConvolutionCase.blocked(values, 2, 2, [1, 1, 3], block)
        var sums: [Float] = [.nan, .nan]
        bias.backward(x.pointer, into: &sums)
        #expect(sums == [0, 23])
        bias.add(to: x.pointer)
        let expected: [Float] = [11, 12, 13, 3.5, 4.5, 5.5, 9, 8, 7, -0.5, -0.5, 7.5]
        #expect(ConvolutionCase.plain(x, 2, 2, [1, 1, 3], block) == expected)
        // Lanes beyond the channels stay 0.
        #expect(x.array.count { $0 != 0 } == 12)
    }

    @Test(
        "large maps, in either precision, on one thread or two",
        arguments: Precision.allCases.filter(\.isSupported))
    func largeMaps(precision: Precision) {
        let (samples, channels, voxels) = (2, 19, 9001)
        let values = ConvolutionCase.noise(samples * channels * voxels, 30).map(precision.rounded)
        let added = ConvolutionCase.noise(channels, 31)
        let size = [1, 1, voxels]
        let (one, two) = onOneAndTwoThreads {
            let bias = ChannelBias(
                batchSize: samples, channelCount: channels, block: 16, voxelCount: voxels, precision: precision)
            let x = StoredActivations(ConvolutionCase.blocked(values, samples, channels, size, 16), precision)
            var sums = [Float](repeating: .nan, count: channels)
            bias.setParameters(bias: added)
            bias.backward(x.pointer, into: &sums)
            bias.add(to: x.pointer)
            return sums + ConvolutionCase.plain(x.values, samples, channels, size, 16)
        }
        #expect(bits(one) == bits(two))
        for channel in 0..<channels {
            var sum = 0.0
            for sample in 0..<samples {
                for voxel in 0..<voxels { sum += Double(values[(sample * channels + channel) * voxels + voxel]) }
            }
            #expect(abs(Double(one[channel]) - sum) <= 1e-3)
        }
        for (index, value) in values.enumerated() {
            let expected = value + added[index / voxels % channels]
            #expect(abs(one[channels + index] - expected) <= precision.roundingError * abs(expected))
        }
    }
}
