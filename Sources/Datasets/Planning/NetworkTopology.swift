/// Where a network halves its resolution, and with which kernels: a pure function of spacing and patch size.
///
/// Source: nnU-Net's pool and kernel rule with a smallest feature map of 4.
package struct NetworkTopology: Sendable, Equatable {
    /// Halvings per axis.
    package var poolings: [Int]
    /// Stride in front of each resolution level, the first one all 1.
    package var strides: [[Int]]
    /// Kernel of each resolution level.
    package var kernelSizes: [[Int]]
    /// The patch size, rounded up to what the halvings divide.
    package var patchSize: [Int]

    private static let smallestFeatureMap = 4.0

    /// - Parameters:
    ///   - spacing: millimetres per axis (2 or 3 axes).
    ///   - patchSize: may have fractions, as medians of shapes have.
    package init(spacing: [Double], patchSize: [Double]) {
        var spacings = spacing
        var sizes = patchSize
        var kernel = spacing.map { _ in 1 }
        poolings = spacing.map { _ in 0 }
        strides = [kernel]
        kernelSizes = []
        while true {
            let large = sizes.indices.filter { sizes[$0] >= 2 * Self.smallestFeatureMap }
            guard let finest = large.map({ spacings[$0] }).min() else { break }
            let pooled = large.filter { spacings[$0] / finest < 2 }
            if pooled.count == 1, sizes[pooled[0]] < 3 * Self.smallestFeatureMap { break }
            let smallest = spacings.min() ?? 1
            for axis in kernel.indices where spacings[axis] / smallest < 2 { kernel[axis] = 3 }
            var stride = spacing.map { _ in 1 }
            for axis in pooled {
                stride[axis] = 2
                poolings[axis] += 1
                spacings[axis] *= 2
                sizes[axis] = (sizes[axis] / 2).rounded(.up)
            }
            strides.append(stride)
            kernelSizes.append(kernel)
        }
        kernelSizes.append(spacing.map { _ in 3 })
        let divisors = poolings.map { Double(1 << $0) }
        self.patchSize = zip(patchSize, divisors).map { size, divisor in
            let remainder = size.truncatingRemainder(dividingBy: divisor)
            return Int(remainder == 0 ? size : size + divisor - remainder)
        }
    }

    /// What the patch size must be a multiple of, per axis.
    package var divisors: [Int] { poolings.map { 1 << $0 } }
}
