import Tensors

/// Cuts and augments patches of one size.
///
/// Source: nnU-Net's default pipeline for 3D, in its order. Differs in two ways: voxels are taken from the whole case
/// instead of from an enlarged copy of a part of it, so that a patch that zooms out shows the case where nnU-Net shows
/// an artificial border; and axes shorter than a filter are allowed.
package struct PatchReader: Sendable {
    package let geometry: PatchGeometry
    package let channelCount: Int
    /// Size of what is written, `[D, H, W]`; the content is resampled where it differs from the patch.
    package let tensorSize: SIMD3<Int>
    private let maskedChannels: [Int]

    /// - Parameters:
    ///   - maskedChannels: one entry per channel; true where voxels outside the mask become 0.
    package init(contentSize: [Int], tensorSize: [Int], channelCount: Int, maskedChannels: [Bool]) {
        geometry = PatchGeometry(patchSize: contentSize)
        self.channelCount = channelCount
        self.tensorSize = SIMD3(tensorSize[0], tensorSize[1], tensorSize[2])
        self.maskedChannels = (0..<min(channelCount, maskedChannels.count)).filter { maskedChannels[$0] }
    }

    /// Reads an augmented patch.
    ///
    /// - Parameters:
    ///   - corner: lower corner of the enlarged patch in the case.
    ///   - image: gets `[C, D, H, W]`.
    ///   - labels: gets `[D, H, W]`.
    ///   - presence: gets true at every label that occurs.
    package func read(
        from source: PatchSource, corner: SIMD3<Int>, draws: AugmentationDraws, noise: NoiseStream,
        image: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int16>,
        presence: UnsafeMutableBufferPointer<Bool>, scratch: PatchScratch
    ) {
        precondition(
            source.channelCount == channelCount,
            "case \(source.identifier) has \(source.channelCount) channels, not \(channelCount)")
        let size = geometry.patchSize
        if size == tensorSize {
            augment(source, corner, draws, noise, image, labels, scratch)
            finish(image, labels, size, masking: maskedChannels, presence)
            return
        }
        let content = scratch.content(channelCount * size.product)
        let contentLabels = scratch.contentLabels(size.product)
        augment(source, corner, draws, noise, content, contentLabels, scratch)
        finish(content, contentLabels, size, masking: maskedChannels, .init(start: nil, count: 0))
        for channel in 0..<channelCount {
            LinearResizing.linear(
                UnsafePointer(content + channel * size.product), size: size,
                to: image + channel * tensorSize.product, targetSize: tensorSize, scratch: scratch)
        }
        LinearResizing.nearest(UnsafePointer(contentLabels), size: size, to: labels, targetSize: tensorSize)
        finish(image, labels, tensorSize, masking: [], presence)
    }

    /// Reads a patch as it is, as for validation.
    ///
    /// - Parameter corner: lower corner of the patch in the case.
    package func readPlain(
        from source: PatchSource, corner: SIMD3<Int>, image: UnsafeMutablePointer<Float>,
        labels: UnsafeMutablePointer<Int16>, presence: UnsafeMutableBufferPointer<Bool>
    ) {
        crop(source, corner, image, labels)
        finish(image, labels, geometry.patchSize, masking: [], presence)
    }

    private func finish(
        _ image: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<Int16>, _ size: SIMD3<Int>,
        masking: [Int], _ presence: UnsafeMutableBufferPointer<Bool>
    ) {
        LabelFinish.apply(
            labels: labels, image: image, voxelCount: size.product, maskedChannels: masking, presence: presence)
    }

    private func augment(
        _ source: PatchSource, _ corner: SIMD3<Int>, _ draws: AugmentationDraws, _ noise: NoiseStream,
        _ image: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<Int16>, _ scratch: PatchScratch
    ) {
        let size = geometry.patchSize
        let count = size.product
        cut(source, corner, draws, image, labels)
        for channel in 0..<channelCount {
            let values = image + channel * count
            if let deviation = draws.noiseDeviation {
                let stride = (count + 1023) / 1024 * 1024
                noise.add(deviation: deviation, to: values, count: count, start: channel * stride, scratch: scratch)
            }
            if !draws.blur.isEmpty, let deviations = draws.blur[channel] {
                GaussianBlur.apply(values, size: size, deviations: deviations, scratch: scratch)
            }
            if !draws.brightness.isEmpty {
                IntensityTransforms.brightness(values, count: count, factor: draws.brightness[channel])
            }
            if !draws.contrast.isEmpty {
                IntensityTransforms.contrast(values, count: count, factor: draws.contrast[channel])
            }
            if !draws.lowResolution.isEmpty, let scale = draws.lowResolution[channel] {
                LowResolution.apply(
                    values, size: size, scale: scale, keepsSlices: geometry.isSliceWise, scratch: scratch)
            }
            if !draws.invertedGamma.isEmpty {
                IntensityTransforms.gamma(
                    values, count: count, exponent: draws.invertedGamma[channel], isInverted: true)
            }
            if !draws.gamma.isEmpty {
                IntensityTransforms.gamma(values, count: count, exponent: draws.gamma[channel], isInverted: false)
            }
            if any(draws.flips) { Mirroring.flip(values, size: size, axes: draws.flips) }
        }
        if any(draws.flips) { Mirroring.flip(labels, size: size, axes: draws.flips) }
    }

    /// Brings the voxels of the patch from the case: a plain copy, or an interpolation on a turned and scaled grid.
    private func cut(
        _ source: PatchSource, _ corner: SIMD3<Int>, _ draws: AugmentationDraws,
        _ image: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<Int16>
    ) {
        let (size, enlarged) = (geometry.patchSize, geometry.enlargedSize)
        if draws.isAligned {
            crop(source, corner &+ halved(enlarged) &- halved(size), image, labels)
            return
        }
        let voxels = source.size.product
        var center = SIMD3<Double>()
        for axis in 0..<3 { center[axis] = Double(corner[axis]) + Double(enlarged[axis] - 1) / 2 }
        let grid = SamplingGrid(geometry: geometry, center: center, rotation: draws.rotation, scale: draws.scale)
        for channel in 0..<channelCount {
            GridSampling.sampleImage(
                source.image + channel * voxels, size: source.size, on: grid, to: image + channel * size.product)
        }
        GridSampling.sampleLabels(source.labels, size: source.size, on: grid, to: labels)
    }

    private func crop(
        _ source: PatchSource, _ corner: SIMD3<Int>, _ image: UnsafeMutablePointer<Float>,
        _ labels: UnsafeMutablePointer<Int16>
    ) {
        let (size, voxels) = (geometry.patchSize, source.size.product)
        for channel in 0..<channelCount {
            Crop.copy(
                from: source.image + channel * voxels, size: source.size, corner: corner,
                to: image + channel * size.product, targetSize: size, padding: 0)
        }
        Crop.copy(
            from: source.labels, size: source.size, corner: corner, to: labels, targetSize: size, padding: -1)
    }

    private func halved(_ size: SIMD3<Int>) -> SIMD3<Int> { SIMD3(size[0] / 2, size[1] / 2, size[2] / 2) }
}
