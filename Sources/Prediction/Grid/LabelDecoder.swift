import Datasets
import Tensors
import Threads

/// Turns logits on the crop's grid into labels (and probabilities) on the raw image's grid: slice by slice with all
/// classes together, or class by class with all slices together.
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
    /// The largest logit so far of every voxel of the crop, while classes come one after the other.
    private var best: AlignedBuffer<Float>?

    public init(grid: OriginalGrid, labelManager: LabelManager, keepsProbabilities: Bool = false) {
        self.grid = grid
        self.labelManager = labelManager
        headCount = labelManager.headCount
        labels = Tensor(shape: grid.rawShape, repeating: 0)
        guard keepsProbabilities else { return }
        var probabilities = Tensor<Float>(shape: [headCount] + grid.rawShape, repeating: 0)
        if !labelManager.hasRegions {
            let background = 0..<labels.count
            probabilities.scalars.withUnsafeMutableBufferPointer { $0[background].update(repeating: 1) }
        }
        self.probabilities = probabilities
    }

    /// Decodes one slice of the crop, all classes of it.
    ///
    /// - Parameters:
    ///   - slice: position along the crop's first axis.
    ///   - logits: the first class' logits `[H, W]`.
    ///   - headStride: elements from one class' slice to the next one's.
    public func decode(slice: Int, logits: UnsafePointer<Float>, headStride: Int) {
        let rows = SliceRows(grid: grid, slice: slice, logits: logits, headStride: headStride)
        let (order, heads, rowCount) = (regionLabels, 0..<headCount, grid.cropShape[1])
        withResults { labels, probabilities in
            nonisolated(unsafe) let (labels, probabilities) = (labels, probabilities)
            Threads.forEach(rowCount) { row in
                if let order { rows.writeRegions(row: row, heads: heads, order: order, to: labels) }
                if let probabilities {
                    rows.writeLogits(row: row, heads: heads, to: probabilities)
                    rows.makeProbabilities(row: row, heads: heads, probabilities, labels: order == nil ? labels : nil)
                } else if order == nil {
                    rows.writeLargest(row: row, heads: heads, to: labels)
                }
            }
        }
    }

    /// Decodes one class, all slices of it; the classes must come in order, and ``finish()`` after the last one.
    ///
    /// - Shapes: `logits` `[D, H, W]` of the crop.
    func decode(head: Int, logits: UnsafePointer<Float>) {
        nonisolated(unsafe) let logits = logits
        let (grid, order, planeCount) = (grid, regionLabels, grid.cropShape[1] * grid.cropShape[2])
        if best == nil, order == nil, probabilities == nil {
            best = AlignedBuffer<Float>(count: planeCount * grid.cropShape[0])
        }
        withResults { [best] labels, probabilities in
            nonisolated(unsafe) let (labels, probabilities) = (labels, probabilities)
            Threads.forEach(grid.cropShape[0]) { slice in
                let offset = slice * planeCount
                let rows = SliceRows(grid: grid, slice: slice, logits: logits + offset, headStride: 0)
                for row in 0..<grid.cropShape[1] {
                    if let order { rows.writeRegions(row: row, heads: head..<head + 1, order: order, to: labels) }
                    if let probabilities {
                        rows.writeLogits(row: row, heads: head..<head + 1, to: probabilities)
                    } else if let best {
                        rows.writeLarger(row: row, head: head, best: best.pointer + offset, to: labels)
                    }
                }
            }
        }
    }

    /// Ends the decoding of classes that came one after the other.
    func finish() {
        best = nil
        let (grid, isExclusive, heads) = (grid, !labelManager.hasRegions, 0..<headCount)
        withResults { labels, probabilities in
            guard let probabilities else { return }
            nonisolated(unsafe) let (labels, target) = (labels, probabilities)
            Threads.forEach(grid.cropShape[0]) { slice in
                let rows = SliceRows(grid: grid, slice: slice, logits: nil, headStride: 0)
                for row in 0..<grid.cropShape[1] {
                    rows.makeProbabilities(row: row, heads: heads, target, labels: isExclusive ? labels : nil)
                }
            }
        }
    }

    /// The label of every region, in the order of the heads; nil for classes.
    private var regionLabels: [Int32]? {
        labelManager.hasRegions ? labelManager.regionsClassOrder.map(Int32.init) : nil
    }

    /// Gives `body` the results to write into; parallel loops write each index's own voxels.
    private func withResults(
        _ body: (UnsafeMutableBufferPointer<Int32>, UnsafeMutableBufferPointer<Float>?) -> Void
    ) {
        labels.scalars.withUnsafeMutableBufferPointer { labels in
            guard probabilities != nil else { return body(labels, nil) }
            probabilities?.scalars.withUnsafeMutableBufferPointer { body(labels, $0) }
        }
    }
}
