import Tensors
import Threads

/// Weighted sums of logits for the slices that patches still touch.
///
/// Safety: buffers are written by parallel loops, each index to its own rows.
final class LayerSums: @unchecked Sendable {
    private let window: SlidingWindow
    private let headCount: Int
    /// The Gaussian map, `[patch]`.
    private let weights: AlignedBuffer<Float>
    /// One over the map's sum over all patches and passes: the product of these three, one per axis.
    private let factors: [[Double]]
    /// One patch, summed over its mirrorings: `[heads, patch]`; nil where there is only one.
    private let patchSum: AlignedBuffer<Float>?
    /// `[heads, patch depth, H, W]` of the padded image; the first slice is ``firstSlice``.
    private let sums: AlignedBuffer<Float>
    /// `[heads, slab depth, H, W]` of the image.
    private let slab: AlignedBuffer<Float>
    private var firstSlice = 0

    /// - Parameters:
    ///   - mirroringCount: how often each member computes each patch.
    ///   - memberCount: networks that are averaged.
    init(window: SlidingWindow, headCount: Int, mirroringCount: Int, memberCount: Int) {
        self.window = window
        self.headCount = headCount
        let map = GaussianMap(patchSize: window.patchSize, isFlat: window.starts.map { $0.count == 1 })
        weights = AlignedBuffer(map.weights(maximum: 1))
        factors = (0..<3).map { axis in
            let passCount = axis == 0 ? Double(mirroringCount * memberCount) : 1
            return map.coverage(axis: axis, starts: window.starts[axis], size: window.paddedShape[axis])
                .map { 1 / ($0 * passCount) }
        }
        let depth = window.patchSize[0]
        patchSum = mirroringCount > 1 ? AlignedBuffer(count: headCount * window.patchSize.reduce(1, *)) : nil
        sums = AlignedBuffer(count: headCount * depth * window.paddedShape[1] * window.paddedShape[2])
        slab = AlignedBuffer(
            count: headCount * TiledInference.slabDepth * window.imageShape[1] * window.imageShape[2])
    }

    /// Takes the logits `[heads, patch]` of one pass.
    func add(_ logits: UnsafePointer<Float>, _ pass: PatchPass) {
        if let patchSum {
            collect(logits, pass, into: patchSum)
            if pass.isLast { addWeighted(patchSum.pointer, at: pass.start) }
        } else {
            addWeighted(logits, at: pass.start)
        }
    }

    /// Weighs the logits `[heads, patch]` of a patch and adds them where it lies.
    private func addWeighted(_ logits: UnsafePointer<Float>, at start: [Int]) {
        nonisolated(unsafe) let logits = logits
        let (size, padded) = (window.patchSize, window.paddedShape)
        Threads.forEach(headCount * size[0]) { [self] index in
            let (head, plane) = (index / size[0], index % size[0])
            let target = (head * size[0] + start[0] - firstSlice + plane) * padded[1] + start[1]
            for line in 0..<size[1] {
                let input = logits + (index * size[1] + line) * size[2]
                let weight = weights.pointer + (plane * size[1] + line) * size[2]
                let output = sums.pointer + (target + line) * padded[2] + start[2]
                for column in 0..<size[2] { output[column] += input[column] * weight[column] }
            }
        }
    }

    /// Mirrors logits back and adds them to the patch's sum.
    private func collect(_ logits: UnsafePointer<Float>, _ pass: PatchPass, into patchSum: AlignedBuffer<Float>) {
        nonisolated(unsafe) let logits = logits
        let size = window.patchSize
        let isFlipped = pass.mirroring.isFlipped
        Threads.forEach(headCount * size[0]) { index in
            let (head, plane) = (index / size[0], index % size[0])
            let sourcePlane = head * size[0] + (isFlipped[0] ? size[0] - 1 - plane : plane)
            for line in 0..<size[1] {
                let input = logits + (sourcePlane * size[1] + (isFlipped[1] ? size[1] - 1 - line : line)) * size[2]
                let output = patchSum.pointer + (index * size[1] + line) * size[2]
                switch (pass.isFirst, isFlipped[2]) {
                case (true, false): output.update(from: input, count: size[2])
                case (true, true): for column in 0..<size[2] { output[column] = input[size[2] - 1 - column] }
                case (false, false): for column in 0..<size[2] { output[column] += input[column] }
                case (false, true): for column in 0..<size[2] { output[column] += input[size[2] - 1 - column] }
                }
            }
        }
    }

    /// Hands on the slices in front of `end`, a position in the padded image, and forgets them.
    func finish(upTo end: Int, _ receive: (LogitsSlab) throws -> Void) throws {
        let visible = max(firstSlice, window.padding[0])..<min(end, window.padding[0] + window.imageShape[0])
        for first in stride(from: visible.lowerBound, to: visible.upperBound, by: TiledInference.slabDepth) {
            let slices = first..<min(first + TiledInference.slabDepth, visible.upperBound)
            let offset = window.padding[0]
            try divide(slices)
            try receive(
                LogitsSlab(
                    slices: slices.lowerBound - offset..<slices.upperBound - offset, logits: UnsafePointer(slab.pointer)
                ))
        }
        advance(to: end)
    }

    /// Divides the sums of some slices by their weights, into the slab.
    private func divide(_ slices: Range<Int>) throws(PredictionError) {
        let (shape, padded, padding) = (window.imageShape, window.paddedShape, window.padding)
        let depth = window.patchSize[0]
        let isFinite = Threads.map(headCount * slices.count) { [self] (index) throws(Never) in
            let (head, slice) = (index / slices.count, slices.lowerBound + index % slices.count)
            var bits: UInt32 = 0
            for row in 0..<shape[1] {
                let line = (head * depth + slice - firstSlice) * padded[1] + padding[1] + row
                let input = sums.pointer + line * padded[2] + padding[2]
                let output = slab.pointer + (index * shape[1] + row) * shape[2]
                let factor = factors[0][slice] * factors[1][padding[1] + row]
                factors[2].withUnsafeBufferPointer { columns in
                    for column in 0..<shape[2] {
                        let value = Float(Double(input[column]) * (factor * columns[padding[2] + column]))
                        output[column] = value
                        // An exponent of all ones (infinite or not a number) runs over into the highest bit.
                        bits |= (value.bitPattern & 0x7F80_0000) &+ 0x0080_0000
                    }
                }
            }
            return bits >> 31 == 0
        }
        if let bad = isFinite.firstIndex(of: false) {
            throw .logitsNotFinite(slice: slices.lowerBound + bad % slices.count - padding[0])
        }
    }

    /// Moves the slices from `first` on to the front and clears the rest.
    private func advance(to first: Int) {
        let depth = window.patchSize[0]
        let planeCount = window.paddedShape[1] * window.paddedShape[2]
        let shift = min(first - firstSlice, depth)
        Threads.forEach(headCount) { [sums] head in
            let base = sums.pointer + head * depth * planeCount
            base.update(from: base + shift * planeCount, count: (depth - shift) * planeCount)
            (base + (depth - shift) * planeCount).update(repeating: 0, count: shift * planeCount)
        }
        firstSlice = first
    }
}
