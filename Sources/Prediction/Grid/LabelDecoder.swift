import Datasets
import Foundation
import Tensors
import Threads

/// Turns logits on the crop's grid into labels (and probabilities) on the raw image's grid, slice by slice.
///
/// Source: nnU-Net. Classes: the label with the largest logit, the lowest on ties. Regions: each region whose
/// probability exceeds one half is written with its label, later ones over earlier ones. Where probabilities are kept,
/// labels follow from them. Outside the crop all is background.
public final class LabelDecoder {
    private let grid: OriginalGrid
    private let labelManager: LabelManager
    private let headCount: Int
    /// Labels `[D, H, W]` in the raw image's axis order.
    public private(set) var labels: Tensor<Int32>
    /// Probabilities `[heads, D, H, W]` in the raw image's axis order, where they were asked for.
    public private(set) var probabilities: Tensor<Float>?

    public init(grid: OriginalGrid, labelManager: LabelManager, keepsProbabilities: Bool = false) {
        self.grid = grid
        self.labelManager = labelManager
        headCount = labelManager.headCount
        labels = Tensor(shape: grid.rawShape, repeating: 0)
        guard keepsProbabilities else { return }
        var probabilities = Tensor<Float>(shape: [headCount] + grid.rawShape, repeating: 0)
        if !labelManager.hasRegions {
            for voxel in 0..<labels.count { probabilities.scalars[voxel] = 1 }
        }
        self.probabilities = probabilities
    }

    /// Decodes one slice of the crop.
    ///
    /// - Parameters:
    ///   - slice: position along the crop's first axis.
    ///   - logits: the first class' logits `[H, W]`.
    ///   - headStride: elements from one class' slice to the next one's.
    public func decode(slice: Int, logits: UnsafePointer<Float>, headStride: Int) {
        let rows = SliceRows(grid: grid, slice: slice, logits: logits, headStride: headStride, headCount: headCount)
        let order = labelManager.regionsClassOrder.map(Int32.init)
        let hasRegions = labelManager.hasRegions
        labels.scalars.withUnsafeMutableBufferPointer { labels in
            nonisolated(unsafe) let labels = labels
            guard probabilities != nil else {
                Threads.forEach(grid.cropShape[1]) { row in
                    if hasRegions {
                        rows.writeRegions(row: row, order: order, to: labels)
                    } else {
                        rows.writeLargest(row: row, to: labels)
                    }
                }
                return
            }
            probabilities?.scalars.withUnsafeMutableBufferPointer { probabilities in
                nonisolated(unsafe) let probabilities = probabilities
                Threads.forEach(grid.cropShape[1]) { row in
                    if hasRegions {
                        rows.writeRegions(row: row, order: order, to: labels)
                        rows.writeSigmoid(row: row, to: probabilities)
                    } else {
                        rows.writeSoftmax(row: row, to: probabilities, labels: labels)
                    }
                }
            }
        }
    }
}

/// The rows of one slice of logits, and where they go in the raw image.
///
/// Safety: logits are only read; every row writes its own voxels.
private struct SliceRows: @unchecked Sendable {
    let logits: UnsafePointer<Float>
    let headStride: Int
    let headCount: Int
    let width: Int
    /// Where the slice's first voxel goes, and the distances to the next row, the next voxel and the next class.
    let origin: Int
    let rowStride: Int
    let voxelStride: Int
    let volumeStride: Int

    init(grid: OriginalGrid, slice: Int, logits: UnsafePointer<Float>, headStride: Int, headCount: Int) {
        self.logits = logits
        self.headStride = headStride
        self.headCount = headCount
        width = grid.cropShape[2]
        let strides = grid.strides
        origin =
            (grid.cropLower[0] + slice) * strides[0] + grid.cropLower[1] * strides[1] + grid.cropLower[2] * strides[2]
        rowStride = strides[1]
        voxelStride = strides[2]
        volumeStride = grid.shapeBeforeCropping.reduce(1, *)
    }

    private func logits(head: Int, row: Int) -> UnsafePointer<Float> { logits + head * headStride + row * width }

    /// The largest logit wins; a later class only when it is larger.
    func writeLargest(row: Int, to labels: UnsafeMutableBufferPointer<Int32>) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { best in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: width) { winner in
                let first = logits(head: 0, row: row)
                for column in 0..<width {
                    best[column] = first[column]
                    winner[column] = 0
                }
                for head in 1..<max(headCount, 1) {
                    let candidate = logits(head: head, row: row)
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

    func writeRegions(row: Int, order: [Int32], to labels: UnsafeMutableBufferPointer<Int32>) {
        let output = origin + row * rowStride
        for (head, label) in order.enumerated() {
            let logits = logits(head: head, row: row)
            for column in 0..<width where Self.isInside(logits[column]) {
                labels[output + column * voxelStride] = label
            }
        }
    }

    func writeSigmoid(row: Int, to probabilities: UnsafeMutableBufferPointer<Float>) {
        for head in 0..<headCount {
            let logits = logits(head: head, row: row)
            let output = head * volumeStride + origin + row * rowStride
            for column in 0..<width { probabilities[output + column * voxelStride] = Self.sigmoid(logits[column]) }
        }
    }

    func writeSoftmax(
        row: Int, to probabilities: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<Int32>
    ) {
        let output = origin + row * rowStride
        for column in 0..<width {
            var largest = -Float.infinity
            for head in 0..<headCount { largest = max(largest, logits(head: head, row: row)[column]) }
            var sum: Float = 0
            let voxel = output + column * voxelStride
            for head in 0..<headCount {
                let power = exp(logits(head: head, row: row)[column] - largest)
                probabilities[head * volumeStride + voxel] = power
                sum += power
            }
            var best = -Float.infinity
            var winner = 0
            for head in 0..<headCount {
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
