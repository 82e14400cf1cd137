/// Which of our own kernels, or oneDNN, computes a convolution: what measurement showed to be fastest.
enum ConvolutionChoice {
    /// On a side of up to 2×2×2 voxels links take no more products than Winograd's tiles, and fewer weights.
    private static let fewVoxels = 8
    /// Largest map, in voxels, whose links are summed over for the gradient of the weights.
    private static let largestLinkedMap = 1 << 12
    /// Up to so many voxels of all samples, Winograd's gradient of the weights is mostly the way back from frequencies.
    private static let mostVoxelsOfLinkedWinograd = 512

    /// - Throws: ``KernelError`` when the library has no implementation of this shape.
    static func make(_ shape: ConvolutionShape, block: Int) throws(KernelError) -> any Convolution {
        let (inner, outer) = (shape.inputSize.reduce(1, *), shape.outputSize.reduce(1, *))
        guard LinkConvolution.suits(shape, block: block) else {
            // oneDNN 2.6 has no fast weight gradient on the smallest maps.
            return TapConvolution.suits(shape)
                ? TapConvolution(shape, block: block) : try OneDNNConvolution(shape)
        }
        if min(inner, outer) <= fewVoxels { return LinkConvolution(shape) }
        if WinogradConvolution.suits(shape, block: block) {
            let winograd = WinogradConvolution(shape)
            return shape.needsBackward && shape.batchSize * outer <= mostVoxelsOfLinkedWinograd
                ? LinkGradientConvolution(winograd) : winograd
        }
        let convolution = try OneDNNConvolution(shape)
        return shape.needsBackward && max(inner, outer) <= largestLinkedMap
            ? LinkGradientConvolution(convolution) : convolution
    }
}
