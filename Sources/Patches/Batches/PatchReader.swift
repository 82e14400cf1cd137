import Tensors

/// Cuts and augments patches of one size.
///
/// Source: nnU-Net's default pipeline for 3D, in its order. Differs in that axes shorter than a filter are allowed.
/// Voxels are read from the case itself, as much of it as nnU-Net's enlarged patch shows.
package struct PatchReader: Sendable {
    package let geometry: PatchGeometry
    let channelCount: Int
    /// Size of what is written, `[D, H, W]`; the content is resampled where it differs from the patch.
    let tensorSize: SIMD3<Int>
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
    ///   - noise: of the sample.
    ///   - image: gets `[C, D, H, W]`.
    ///   - labels: gets `[D, H, W]`.
    ///   - presence: gets true at every label that occurs.
    package func read(
        from source: PatchSource, _ plan: PatchPlan, noise: NoiseStream, image: UnsafeMutablePointer<Float>,
        labels: UnsafeMutablePointer<Int16>, presence: UnsafeMutableBufferPointer<Bool>, scratch: PatchScratch
    ) {
        precondition(
            source.channelCount == channelCount,
            "case \(source.identifier) has \(source.channelCount) channels, not \(channelCount)")
        let size = geometry.patchSize
        if size == tensorSize {
            augment(source, plan, noise, image, labels, scratch)
            finish(image, labels, size, masking: maskedChannels, presence)
            scratch.profile?.mark(.finish)
            return
        }
        let content = scratch.content(channelCount * size.product)
        let contentLabels = scratch.contentLabels(size.product)
        augment(source, plan, noise, content, contentLabels, scratch)
        finish(content, contentLabels, size, masking: maskedChannels, .init(start: nil, count: 0))
        scratch.profile?.mark(.finish)
        for channel in 0..<channelCount {
            LinearResizing.linear(
                UnsafePointer(content + channel * size.product), size: size,
                to: image + channel * tensorSize.product, targetSize: tensorSize, scratch: scratch)
        }
        LinearResizing.nearest(UnsafePointer(contentLabels), size: size, to: labels, targetSize: tensorSize)
        scratch.profile?.mark(.resizing)
        finish(image, labels, tensorSize, masking: [], presence)
        scratch.profile?.mark(.finish)
    }

    /// Reads a patch as it is, as for validation.
    func readPlain(
        from source: PatchSource, _ plan: PatchPlan, image: UnsafeMutablePointer<Float>,
        labels: UnsafeMutablePointer<Int16>, presence: UnsafeMutableBufferPointer<Bool>
    ) {
        cut(source, plan, image, labels)
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
        _ source: PatchSource, _ plan: PatchPlan, _ noise: NoiseStream, _ image: UnsafeMutablePointer<Float>,
        _ labels: UnsafeMutablePointer<Int16>, _ scratch: PatchScratch
    ) {
        let size = geometry.patchSize
        let count = size.product
        let draws = plan.draws
        cut(source, plan, image, labels)
        scratch.profile?.mark(draws.isAligned ? .crop : .spatial)
        for channel in 0..<channelCount {
            let values = image + channel * count
            changeValues(values, channel: channel, draws, noise, scratch)
            if any(draws.flips) { Mirroring.flip(values, size: size, axes: draws.flips) }
        }
        if any(draws.flips) { Mirroring.flip(labels, size: size, axes: draws.flips) }
        scratch.profile?.mark(.mirroring)
    }

    /// Changes the gray values of one channel of the patch.
    private func changeValues(
        _ values: UnsafeMutablePointer<Float>, channel: Int, _ draws: AugmentationDraws, _ noise: NoiseStream,
        _ scratch: PatchScratch
    ) {
        let size = geometry.patchSize
        let count = size.product
        if let deviation = draws.noiseDeviation {
            let stride = (count + 1023) / 1024 * 1024
            noise.add(deviation: deviation, to: values, count: count, start: channel * stride, scratch: scratch)
            scratch.profile?.mark(.noise)
        }
        if !draws.blur.isEmpty, let deviations = draws.blur[channel] {
            GaussianBlur.apply(values, size: size, deviations: deviations, scratch: scratch)
            scratch.profile?.mark(.blur)
        }
        if !draws.brightness.isEmpty {
            IntensityTransforms.brightness(values, count: count, factor: draws.brightness[channel])
            scratch.profile?.mark(.brightness)
        }
        if !draws.contrast.isEmpty {
            IntensityTransforms.contrast(values, count: count, factor: draws.contrast[channel])
            scratch.profile?.mark(.contrast)
        }
        if !draws.lowResolution.isEmpty, let scale = draws.lowResolution[channel] {
            LowResolution.apply(values, size: size, scale: scale, keepsSlices: geometry.isSliceWise, scratch: scratch)
            scratch.profile?.mark(.lowResolution)
        }
        if !draws.invertedGamma.isEmpty {
            IntensityTransforms.gamma(values, count: count, exponent: draws.invertedGamma[channel], isInverted: true)
            scratch.profile?.mark(.invertedGamma)
        }
        if !draws.gamma.isEmpty {
            IntensityTransforms.gamma(values, count: count, exponent: draws.gamma[channel], isInverted: false)
            scratch.profile?.mark(.gamma)
        }
    }

    /// Brings the voxels of the patch from the case: a plain copy, or an interpolation on a turned and scaled grid.
    private func cut(
        _ source: PatchSource, _ plan: PatchPlan, _ image: UnsafeMutablePointer<Float>,
        _ labels: UnsafeMutablePointer<Int16>
    ) {
        let (size, voxels) = (geometry.patchSize, source.size.product)
        switch plan.view {
        case .crop(let corner):
            for channel in 0..<channelCount {
                Crop.copy(
                    from: source.image + channel * voxels, size: source.size, corner: corner,
                    to: image + channel * size.product, targetSize: size, padding: 0)
            }
            Crop.copy(
                from: source.labels, size: source.size, corner: corner, to: labels, targetSize: size, padding: -1)
        case .grid(let grid, let corner):
            let window = CaseWindow(corner: corner, size: geometry.enlargedSize, in: source.size)
            let spans = GridSpans(of: grid, in: window)
            for channel in 0..<channelCount {
                GridSampling.sampleImage(
                    source.image + channel * voxels, size: source.size, window: window, on: grid, spans: spans,
                    to: image + channel * size.product)
            }
            GridSampling.sampleLabels(
                source.labels, size: source.size, window: window, on: grid, spans: spans, to: labels)
        }
    }
}
