import Tensors
import Threads

/// Logits of a few whole slices of an image, handed on as soon as no patch to come can change them.
public struct LogitsSlab {
    /// First slice, and how many: positions along the first axis.
    public let slices: Range<Int>
    /// `[headCount, slices.count, H, W]`, valid during the call that hands it over.
    public let logits: UnsafePointer<Float>

    public init(slices: Range<Int>, logits: UnsafePointer<Float>) {
        self.slices = slices
        self.logits = logits
    }
}

/// Runs a network over an image, patch by patch, and joins the patches' logits.
///
/// Patches are visited layer by layer along the first axis, so only as many slices of logits are held as one patch is
/// deep: finished slices leave at once. Mirrored passes and the members of the ensemble are averaged.
public struct TiledInference: Sendable {
    public let window: SlidingWindow
    public let mirrorings: [PassMirroring]
    /// At most this many slices are handed on at a time.
    static let slabDepth = 8

    /// - Parameter mirrorAxes: axes along which patches are mirrored, all combinations of them; none for a single pass.
    public init(window: SlidingWindow, mirrorAxes: [Int] = []) {
        self.window = window
        mirrorings = PassMirroring.subsets(of: mirrorAxes)
    }

    /// Patches that ``run(image:network:progress:receive:)`` computes for one image.
    public func patchCount(memberCount: Int) -> Int { window.tileCount * mirrorings.count * memberCount }

    /// Computes the logits of an image.
    ///
    /// - Shapes: `image` `[C, D, H, W]`, the window's image shape.
    /// - Parameters:
    ///   - network: its patches must be the window's.
    ///   - progress: called after every patch with the number of patches done and to do.
    ///   - receive: gets all slices once, in order.
    /// - Throws: ``PredictionError/logitsNotFinite(slice:)``, and what `network` and `receive` throw.
    /// - Determinism: the result depends neither on the number of threads nor on the network's batch size, as long as
    ///   the network's does not.
    public func run(
        image: UnsafeBufferPointer<Float>, network: some PatchNetwork,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, receive: (LogitsSlab) throws -> Void
    ) throws {
        precondition(
            network.patchSize == window.patchSize,
            "a network for \(network.patchSize) in a window of \(window.patchSize)")
        precondition(
            image.count == network.inputChannelCount * window.imageShape.reduce(1, *),
            "an image of \(image.count) values for \(network.inputChannelCount) channels of \(window.imageShape)")
        guard let base = image.baseAddress else { return }
        let source = PatchCutter(image: base, channelCount: network.inputChannelCount, window: window)
        let sums = LayerSums(
            window: window, headCount: network.headCount, mirroringCount: mirrorings.count,
            memberCount: network.memberCount)
        let patchVoxelCount = window.patchSize.reduce(1, *)
        let inputStride = network.inputChannelCount * patchVoxelCount
        let outputStride = network.headCount * patchVoxelCount
        let input = AlignedBuffer<Float>(count: network.batchSize * inputStride)
        let total = patchCount(memberCount: network.memberCount)
        var done = 0
        for (layer, firstSlice) in window.starts[0].enumerated() {
            let passes = passes(firstSlice: firstSlice)
            for member in 0..<network.memberCount {
                try network.useMember(member)
                for first in stride(from: 0, to: passes.count, by: network.batchSize) {
                    let batch = passes[first..<min(first + network.batchSize, passes.count)]
                    for (sample, pass) in zip(0..<network.batchSize, batch) {
                        source.copy(pass, to: input.pointer + sample * inputStride)
                    }
                    let logits = try network.logits(input.pointer)
                    for (sample, pass) in zip(0..<network.batchSize, batch) {
                        sums.add(logits + sample * outputStride, pass)
                        done += 1
                        progress(done, total)
                    }
                }
            }
            let next = layer + 1 < window.starts[0].count ? window.starts[0][layer + 1] : window.paddedShape[0]
            try sums.finish(upTo: next, receive)
        }
    }

    /// Every patch of one layer in every mirroring; the mirrorings of a patch follow one another.
    private func passes(firstSlice: Int) -> [PatchPass] {
        window.starts[1].flatMap { row in
            window.starts[2].flatMap { column in
                mirrorings.enumerated().map { index, mirroring in
                    PatchPass(
                        start: [firstSlice, row, column], mirroring: mirroring, isFirst: index == 0,
                        isLast: index == mirrorings.count - 1)
                }
            }
        }
    }
}

/// One run of the network: a patch in one mirroring.
struct PatchPass: Sendable {
    /// First voxel in the padded image.
    let start: [Int]
    let mirroring: PassMirroring
    /// First and last mirroring of this patch.
    let isFirst: Bool
    let isLast: Bool
}

/// Cuts patches out of an image, mirrored and padded with zeros.
///
/// Safety: the image is only read, and outlives the source.
struct PatchCutter: @unchecked Sendable {
    let image: UnsafePointer<Float>
    let channelCount: Int
    let window: SlidingWindow

    /// Writes a patch `[C, D, H, W]` to `target`.
    func copy(_ pass: PatchPass, to target: UnsafeMutablePointer<Float>) {
        nonisolated(unsafe) let target = target
        let (size, shape) = (window.patchSize, window.imageShape)
        let first = zip(pass.start, window.padding).map { $0 - $1 }
        let isFlipped = pass.mirroring.isFlipped
        // Columns of the patch, before mirroring, that lie inside the image.
        let inside = max(0, -first[2])..<max(max(0, -first[2]), min(size[2], shape[2] - first[2]))
        Threads.forEach(channelCount * size[0]) { index in
            let (channel, plane) = (index / size[0], index % size[0])
            let slice = first[0] + (isFlipped[0] ? size[0] - 1 - plane : plane)
            for line in 0..<size[1] {
                let row = first[1] + (isFlipped[1] ? size[1] - 1 - line : line)
                let output = target + (index * size[1] + line) * size[2]
                guard slice >= 0, slice < shape[0], row >= 0, row < shape[1], !inside.isEmpty else {
                    output.update(repeating: 0, count: size[2])
                    continue
                }
                let input = image + ((channel * shape[0] + slice) * shape[1] + row) * shape[2] + first[2]
                if isFlipped[2] {
                    for column in 0..<size[2] {
                        let mirrored = size[2] - 1 - column
                        output[column] = inside.contains(mirrored) ? input[mirrored] : 0
                    }
                } else {
                    output.update(repeating: 0, count: inside.lowerBound)
                    (output + inside.lowerBound).update(from: input + inside.lowerBound, count: inside.count)
                    (output + inside.upperBound).update(repeating: 0, count: size[2] - inside.upperBound)
                }
            }
        }
    }
}
