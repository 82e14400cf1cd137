import Kernels
import Networks
import Objectives

/// What an optimizer step is compiled from: network, objective, engine and precision, and nothing of data or ranks.
public struct StepSettings: Sendable, Equatable {
    public var architecture: UNetArchitecture
    public var loss: LossDescription
    public var engine: Engine
    /// Of activations and convolutions.
    public var precision: Precision
    /// The largest patch of the training, `[D, H, W]`: micro-batches follow from it, and its sessions are kept.
    public var maximalPatchSize: [Int]

    public init(
        architecture: UNetArchitecture, loss: LossDescription, engine: Engine = .oneDNN, precision: Precision = .fp32,
        maximalPatchSize: [Int]
    ) {
        self.architecture = architecture
        self.loss = loss
        self.engine = engine
        self.precision = precision
        self.maximalPatchSize = maximalPatchSize
    }

    /// How a batch of such patches is cut.
    public func microBatches(patchSize: [Int], batchSize: Int) -> MicroBatchPlan {
        MicroBatchPlan(
            batchSize: batchSize, voxelsPerSample: patchSize.reduce(1, *),
            maximalPatchVoxels: maximalPatchSize.reduce(1, *))
    }
}
