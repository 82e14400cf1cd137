import Tensors
import Volumes

/// What is done to label maps after prediction: steps in order, each of which keeps the largest connected component of
/// some labels together and sets the rest of them to background.
///
/// Source: nnU-Net. Voxels that share a corner are connected; components of the same largest size all stay.
public struct Postprocessing: Sendable, Equatable {
    /// The labels whose union is one mask, e.g. all foreground labels, one label, or those of a region.
    public struct Step: Sendable, Equatable {
        public var labels: [Int]
        /// Whether the step belongs to one label alone, which nnU-Net writes as a number instead of a list.
        public var isSingleLabel: Bool

        public init(labels: [Int], isSingleLabel: Bool = false) {
            precondition(!isSingleLabel || labels.count == 1, "\(labels) is not a single label")
            self.labels = labels
            self.isSingleLabel = isSingleLabel
        }
    }

    public var steps: [Step]

    public init(steps: [Step] = []) { self.steps = steps }

    /// Changes a label map.
    ///
    /// - Shapes: labels `[D, H, W]`.
    public func apply(to labels: inout Tensor<Int32>) {
        for step in steps { ConnectedComponents.keepLargest(in: &labels, of: Set(step.labels)) }
    }
}
