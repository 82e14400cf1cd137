import Datasets
import Tensors
import Volumes

/// Takes the slabs of logits of one case to labels on the grid of its raw image, holding few slices at a time.
///
/// Source: nnU-Net: logits (not labels) are resampled to the crop's shape, decoded, put back where the crop was cut,
/// and the plans' transposition is undone. Here every slice makes that way as soon as it is there, so memory holds the
/// result and a few slices, however many classes there are. Cubic interpolation needs the logits of the whole image;
/// there every class makes the way by itself, so they are held once, and one class beside them on the new grid.
public final class CaseDecoder {
    private enum Route {
        case direct
        case sliceBySlice(SliceResampler)
        case classByClass(AlignedBuffer<Float>)
    }

    private let sourceShape: [Int]
    private let grid: OriginalGrid
    private let headCount: Int
    private let currentSpacing: [Double]
    private let rule: ResamplingRule
    private let decoder: LabelDecoder
    private var route: Route

    /// - Parameters:
    ///   - sourceShape: voxels of the preprocessed image, `[D, H, W]`.
    ///   - currentSpacing: the configuration's spacing.
    ///   - rule: the plans' resampling rule for probabilities.
    ///   - keepsProbabilities: whether the probabilities of all classes are wanted, too.
    public init(
        sourceShape: [Int], grid: OriginalGrid, currentSpacing: [Double], rule: ResamplingRule,
        labelManager: LabelManager, keepsProbabilities: Bool = false
    ) {
        self.sourceShape = sourceShape
        self.grid = grid
        self.currentSpacing = currentSpacing
        self.rule = rule
        headCount = labelManager.headCount
        decoder = LabelDecoder(grid: grid, labelManager: labelManager, keepsProbabilities: keepsProbabilities)
        let shape = grid.cropShape
        let separate = Resampling.separateAxis(
            currentSpacing: currentSpacing, newSpacing: grid.spacing, forceSeparateZ: rule.forceSeparateZ)
        let orders = (0..<3).map { $0 == separate ? rule.orderZ : rule.order }
        if sourceShape == shape {
            route = .direct
        } else if !orders.contains(.cubic) {
            let maps = (0..<3).map { AxisTaps(from: sourceShape[$0], to: shape[$0], order: orders[$0]) }
            route = .sliceBySlice(SliceResampler(axes: maps, sourceShape: sourceShape, headCount: headCount))
        } else {
            route = .classByClass(AlignedBuffer(count: headCount * sourceShape.reduce(1, *)))
        }
    }

    /// Takes the next slices; all of them must come, in order.
    public func receive(_ slab: LogitsSlab) {
        let planeCount = sourceShape[1] * sourceShape[2]
        let headStride = slab.slices.count * planeCount
        for (offset, slice) in slab.slices.enumerated() {
            let logits = slab.logits + offset * planeCount
            switch route {
            case .direct: decoder.decode(slice: slice, logits: logits, headStride: headStride)
            case .sliceBySlice(let resampler):
                resampler.take(slice: slice, logits: logits, sourceStride: headStride) { target, resampled in
                    decoder.decode(slice: target, logits: resampled, headStride: resampler.headStride)
                }
            case .classByClass(let volume):
                for head in 0..<headCount {
                    (volume.pointer + (head * sourceShape[0] + slice) * planeCount).update(
                        from: logits + head * headStride, count: planeCount)
                }
            }
        }
    }

    /// Ends the case.
    ///
    /// - Shapes: labels `[D, H, W]`, probabilities `[heads, D, H, W]`, both as the raw image is stored.
    public func finish() -> (labels: Tensor<Int32>, probabilities: Tensor<Float>?) {
        if case .classByClass(let volume) = route {
            route = .direct
            let plan = ResamplingPlan(
                from: sourceShape, to: grid.cropShape, currentSpacing: currentSpacing, newSpacing: grid.spacing,
                order: rule.order, orderZ: rule.orderZ, forceSeparateZ: rule.forceSeparateZ)
            let resampled = AlignedBuffer<Float>(count: plan.outputCount)
            for head in 0..<headCount {
                plan.resample(volume.pointer + head * plan.inputCount, into: resampled.pointer)
                decoder.decode(head: head, logits: resampled.pointer)
            }
            decoder.finish()
        }
        return (decoder.labels, decoder.probabilities)
    }
}
