import Foundation

/// The rows of one slice of logits, and where they go in the raw image.
///
/// Safety: logits are only read; every row writes its own voxels.
struct SliceRows: @unchecked Sendable {
    /// The first of the heads that are given, `[H, W]`; nil where only the raw image's probabilities are worked on.
    private let logits: UnsafePointer<Float>?
    private let headStride: Int
    private let width: Int
    /// Where the slice's first voxel goes, and the distances to the next row, the next voxel and the next class.
    private let origin: Int
    private let rowStride: Int
    private let voxelStride: Int
    private let volumeStride: Int

    typealias Labels = UnsafeMutableBufferPointer<Int32>
    typealias Probabilities = UnsafeMutableBufferPointer<Float>

    init(grid: OriginalGrid, slice: Int, logits: UnsafePointer<Float>?, headStride: Int) {
        self.logits = logits
        self.headStride = headStride
        width = grid.cropShape[2]
        let strides = grid.strides
        origin =
            (grid.cropLower[0] + slice) * strides[0] + grid.cropLower[1] * strides[1] + grid.cropLower[2] * strides[2]
        rowStride = strides[1]
        voxelStride = strides[2]
        volumeStride = grid.shapeBeforeCropping.reduce(1, *)
    }

    /// A row of the `place`-th of the heads that are given.
    private func logits(_ place: Int, row: Int) -> UnsafePointer<Float> {
        guard let logits else { preconditionFailure("a slice without logits is decoded") }
        return logits + place * headStride + row * width
    }

    /// The largest logit wins; a later class only when it is larger.
    func writeLargest(row: Int, heads: Range<Int>, to labels: Labels) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { best in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: width) { winner in
                let first = logits(0, row: row)
                for column in 0..<width {
                    best[column] = first[column]
                    winner[column] = 0
                }
                for head in heads.dropFirst() {
                    let candidate = logits(head, row: row)
                    let label = Int32(truncatingIfNeeded: head)
                    for column in 0..<width {
                        let isLarger = candidate[column] > best[column]
                        best[column] = isLarger ? candidate[column] : best[column]
                        winner[column] = isLarger ? label : winner[column]
                    }
                }
                let output = origin + row * rowStride
                for column in 0..<width { labels[output + column * voxelStride] = winner[column] }
            }
        }
    }

    /// The same for one class after the other: `best` holds the largest logits `[H, W]` of those before.
    func writeLarger(row: Int, head: Int, best: UnsafeMutablePointer<Float>, to labels: Labels) {
        let candidate = logits(0, row: row)
        let best = best + row * width
        let label = Int32(truncatingIfNeeded: head)
        let output = origin + row * rowStride
        for column in 0..<width where head == 0 || candidate[column] > best[column] {
            best[column] = candidate[column]
            labels[output + column * voxelStride] = label
        }
    }

    /// Writes the labels of some regions over what stands there.
    func writeRegions(row: Int, heads: Range<Int>, order: [Int32], to labels: Labels) {
        let output = origin + row * rowStride
        for (place, head) in heads.enumerated() {
            let logits = logits(place, row: row)
            for column in 0..<width where Self.isInside(logits[column]) {
                labels[output + column * voxelStride] = order[head]
            }
        }
    }

    /// Puts logits where their probabilities will stand.
    func writeLogits(row: Int, heads: Range<Int>, to probabilities: Probabilities) {
        for (place, head) in heads.enumerated() {
            let logits = logits(place, row: row)
            let output = head * volumeStride + origin + row * rowStride
            for column in 0..<width { probabilities[output + column * voxelStride] = logits[column] }
        }
    }

    /// Turns logits into probabilities, in place: softmax with its labels, or the sigmoid of every region when `labels`
    /// is nil.
    func makeProbabilities(row: Int, heads: Range<Int>, _ probabilities: Probabilities, labels: Labels?) {
        let first = origin + row * rowStride
        guard let labels else {
            for head in heads {
                for column in 0..<width {
                    let place = head * volumeStride + first + column * voxelStride
                    probabilities[place] = Self.sigmoid(probabilities[place])
                }
            }
            return
        }
        for column in 0..<width {
            let voxel = first + column * voxelStride
            var largest = -Float.infinity
            for head in heads { largest = max(largest, probabilities[head * volumeStride + voxel]) }
            var sum: Float = 0
            for head in heads {
                let power = exp(probabilities[head * volumeStride + voxel] - largest)
                probabilities[head * volumeStride + voxel] = power
                sum += power
            }
            var best = -Float.infinity
            var winner = 0
            for head in heads {
                let probability = probabilities[head * volumeStride + voxel] / sum
                probabilities[head * volumeStride + voxel] = probability
                if probability > best { (best, winner) = (probability, head) }
            }
            labels[voxel] = Int32(truncatingIfNeeded: winner)
        }
    }

    /// Whether the probability exceeds one half, in float32: the smallest positive logits round to one half itself.
    private static func isInside(_ logit: Float) -> Bool { logit > 1e-6 || (logit > 0 && sigmoid(logit) > 0.5) }

    private static func sigmoid(_ logit: Float) -> Float { 1 / (1 + exp(-logit)) }
}
