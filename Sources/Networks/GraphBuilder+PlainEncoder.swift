import Kernels

extension GraphBuilder {
    /// The encoder of a PlainConvUNet; returns the last result of every level.
    mutating func appendPlainEncoder() throws(KernelError) -> [Activation] {
        var skips: [Activation] = []
        var current = image
        for level in 0..<architecture.levelCount {
            for i in 0..<architecture.encoderConvolutionCounts[level] {
                current = try appendBlock(
                    "encoder.stages.\(level).0.convs.\(i)", [current], features: architecture.features[level],
                    kernel: architecture.kernelSizes[level], stride: architecture.blockStride(level, i))
            }
            skips.append(current)
        }
        return skips
    }
}
