import Tensors

extension UNetArchitecture {
    /// Fresh weights: Kaiming normal for every convolution (fan-in, LeakyReLU's gain), biases 0, norm scales 1, but 0 at
    /// the end of a residual block, which starts as its skip path.
    ///
    /// Paper: K. He et al., "Delving deep into rectifiers", ICCV 2015, as nnU-Net applies it: gain
    /// `√(2 / (1 + leak²))`, fan-in = second axis · kernel volume, also for transposed convolutions and heads.
    ///
    /// - Determinism: a function of the seed; each tensor has its own stream.
    public func initialWeights(seed: UInt64) -> AlignedBuffer<Float> {
        let layout = parameterLayout
        let weights = AlignedBuffer<Float>(count: layout.scalarCount)
        for (index, entry) in layout.entries.enumerated() {
            switch entry.role {
            case .convolutionWeight, .transposedWeight, .headWeight:
                var stream = RandomStream(seed: seed, purpose: .initialization, index: index)
                let fanIn = Float(entry.shape.dropFirst().reduce(1, *))
                let deviation = (2 / (1 + leak * leak) / fanIn).squareRoot()
                for scalar in entry.range { weights.pointer[scalar] = deviation * stream.normal() }
            case .normScale: (weights.pointer + entry.offset).update(repeating: 1, count: entry.count)
            case .convolutionBias, .lastNormScale, .normShift, .transposedBias, .headBias: break
            }
        }
        return weights
    }
}
