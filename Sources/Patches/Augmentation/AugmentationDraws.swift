import Tensors

/// Everything that chance decides about the augmentation of one patch, before a voxel is touched.
///
/// Source: nnU-Net's default pipeline in its second version; probabilities are per patch unless said otherwise.
package struct AugmentationDraws: Sendable, Equatable {
    /// Angles about D, H and W in radians; slice-wise only the first is used, as the angle in the plane. 20 %.
    package var rotation: SIMD3<Float>?
    /// Factor on the sampling grid; above 1 objects become smaller. 20 %.
    package var scale: Float?
    /// Standard deviation of additive noise. 10 %.
    package var noiseDeviation: Float?
    /// Standard deviation of a Gaussian filter per axis, for channels that have one (half of them). 20 %.
    package var blur: [SIMD3<Float>?] = []
    /// Factor of each channel. 15 %.
    package var brightness: [Float] = []
    /// Factor of each channel's distance from its mean. 15 %.
    package var contrast: [Float] = []
    /// Share of the voxels per axis that is kept, for channels that lose some (half of them). 25 %.
    package var lowResolution: [Float?] = []
    /// Exponent of each channel, applied to the inverted image. 10 %.
    package var invertedGamma: [Float] = []
    /// Exponent of each channel. 30 %.
    package var gamma: [Float] = []
    /// Axes that are flipped, half of the allowed ones.
    package var flips = SIMDMask<SIMD3<Int>>()

    /// No change.
    package init() {}

    /// Draws all decisions for one patch.
    package init(
        geometry: PatchGeometry, channelCount: Int, mirrorAxes: SIMDMask<SIMD3<Int>>, using stream: inout RandomStream
    ) {
        let limit = Float(geometry.rotationLimit)
        let channels = 0..<channelCount
        if stream.chance(0.2) {
            rotation = SIMD3(
                stream.uniform(-limit..<limit), stream.uniform(-limit..<limit), stream.uniform(-limit..<limit))
        }
        if stream.chance(0.2) { scale = stream.uniform(0.7..<1.4) }
        if stream.chance(0.1) { noiseDeviation = stream.uniform(0..<0.1) }
        if stream.chance(0.2) {
            blur = channels.map { _ in
                guard stream.chance(0.5) else { return nil }
                return SIMD3(stream.uniform(0.5..<1), stream.uniform(0.5..<1), stream.uniform(0.5..<1))
            }
        }
        if stream.chance(0.15) { brightness = channels.map { _ in stream.factor(from: 0.75, to: 1.25) } }
        if stream.chance(0.15) { contrast = channels.map { _ in stream.factor(from: 0.75, to: 1.25) } }
        if stream.chance(0.25) {
            lowResolution = channels.map { _ in stream.chance(0.5) ? stream.uniform(0.5..<1) : nil }
        }
        if stream.chance(0.1) { invertedGamma = channels.map { _ in stream.factor(from: 0.7, to: 1.5) } }
        if stream.chance(0.3) { gamma = channels.map { _ in stream.factor(from: 0.7, to: 1.5) } }
        for axis in 0..<3 where mirrorAxes[axis] { flips[axis] = stream.chance(0.5) }
    }

    /// Whether the patch is a plain crop, without interpolation.
    package var isAligned: Bool { rotation == nil && scale == nil }
}

extension RandomStream {
    /// A factor that is as often below 1 as above, uniform on each side.
    fileprivate mutating func factor(from lower: Float, to upper: Float) -> Float {
        chance(0.5) ? uniform(lower..<1) : uniform(1..<upper)
    }
}
