import Kernels
import Tensors

/// What a session is compiled for.
public enum SessionPurpose: Sendable, Equatable {
    /// Forward and backward, logits at every supervised level.
    case training
    /// Forward only, logits at the highest resolution.
    case inference
}

/// A network compiled for one batch, patch size and precision: primitives, layouts and buffers are fixed; a step
/// allocates nothing.
///
/// Safety: a session is used by one thread at a time; inside, it runs on the pool of ``Threads``.
public final class Session: @unchecked Sendable {
    public let architecture: UNetArchitecture
    public let precision: Precision
    /// Samples per call.
    public let batchSize: Int
    /// Voxels per axis of one sample, `[D, H, W]`.
    public let patchSize: [Int]
    /// Voxels per axis of the logits at each supervised level, highest resolution first.
    public let logitSizes: [[Int]]
    /// Bytes of activations and gradients, and of the libraries' scratch memory.
    public let arenaByteCount: Int

    private let image: Activation
    private let layers: [any Layer]
    private let logitActivations: [Activation]
    /// Parameters of heads that have no part in the loss; their gradient is 0.
    private let unsupervised: [ParameterLayout.Entry]
    private let arena: AlignedBuffer<UInt8>
    /// What any layer may use while it runs, if it has no memory of its own for that.
    private let sharedScratch: AlignedBuffer<UInt8>
    /// Where each layer finds its scratch memory in either direction.
    private let scratch: [(forward: UnsafeMutableRawPointer, backward: UnsafeMutableRawPointer)]
    /// Of ``arenaByteCount``, what all layers share.
    package var sharedScratchByteCount: Int { sharedScratch.count }
    /// Where the first layer's output lies in the forward pass and, computed again, in the backward pass; nil: it is
    /// kept.
    private let recomputed: (forward: UnsafeMutableRawPointer, backward: UnsafeMutableRawPointer)?
    private let profile: StepProfile?

    /// Compiles the network.
    ///
    /// - Parameters:
    ///   - supervisedLevelCount: levels that get logits in training, from the highest resolution; all but the lowest
    ///     decoder level when absent (nnU-Net gives that one the weight 0), and at least one.
    ///   - owner: a session of the same network, engine and precision; what weights of it this one can use, it does not
    ///     convert again. Both are loaded.
    ///   - recomputesFirst: whether the backward pass computes the first layer's output again and does not keep it,
    ///     which changes no bit; nil: where it is large.
    ///   - profile: takes the times of all layers.
    /// - Throws: ``KernelError`` when the engine has no implementation for a layer.
    /// - Precondition: the strides divide the patch.
    public init(
        architecture: UNetArchitecture, batchSize: Int, patchSize: [Int], purpose: SessionPurpose,
        engine: Engine = .oneDNN, precision: Precision = .fp32, supervisedLevelCount: Int? = nil,
        sharingWeightsOf owner: Session? = nil, recomputesFirst: Bool? = nil, profile: StepProfile? = nil
    ) throws(KernelError) {
        precondition(batchSize >= 1, "a session needs at least one sample, not \(batchSize)")
        precondition(
            zip(patchSize, architecture.downsampling[architecture.levelCount - 1]).allSatisfy {
                $0 >= $1 && $0 % $1 == 0
            },
            "the strides of \(architecture.strides) do not divide a patch of \(patchSize)")
        self.architecture = architecture
        self.batchSize = batchSize
        self.patchSize = patchSize
        self.precision = precision
        self.profile = profile
        let levels = purpose == .inference ? 1 : supervisedLevelCount ?? max(1, architecture.levelCount - 2)
        var graph = GraphBuilder(
            architecture: architecture, batchSize: batchSize, patchSize: patchSize,
            isTraining: purpose == .training, engine: engine, precision: precision, supervisedLevelCount: levels,
            profile: profile)
        try graph.build()
        image = graph.image
        layers = graph.layers
        logitActivations = graph.logits
        logitSizes = graph.logits.map(\.size)
        unsupervised = graph.unsupervised
        if let owner {
            precondition(owner.architecture == architecture, "sessions of different networks share no weights")
            for (layer, other) in zip(layers, owner.layers) { layer.shareWeights(of: other) }
        }

        let memory = MemoryPlan(
            layers: layers, logits: logitActivations, isTraining: purpose == .training,
            recomputesFirst: recomputesFirst)
        arena = AlignedBuffer(count: memory.buffers.byteCount)
        sharedScratch = AlignedBuffer(
            count: zip(layers, memory.scratch).lazy.map { $1 == nil ? $0.scratchByteCount : 0 }.max() ?? 0)
        arenaByteCount = arena.count + sharedScratch.count
        let base = UnsafeMutableRawPointer(arena.pointer)
        func place(_ number: Int) -> UnsafeMutableRawPointer { base + memory.buffers.requests[number].offset }
        let shared = UnsafeMutableRawPointer(sharedScratch.pointer)
        scratch = memory.scratch.map { own in
            (own.map { place($0.forward) } ?? shared, own?.backward.map(place) ?? shared)
        }
        for activation in layers.map(\.output) {
            if let number = activation.dataBuffer { activation.data = place(number) }
            activation.gradients = activation.gradientBuffers.map(place)
        }
        let first = graph.layers[0].output
        recomputed = memory.recomputed.map { (first.placedData, place($0)) }
    }

    /// Takes over the weights (those that it shares, its owner must be given too),
    /// `architecture.parameterLayout.scalarCount` scalars; call it again after they changed.
    public func load(weights: AlignedBuffer<Float>) {
        precondition(
            weights.count == architecture.parameterLayout.scalarCount,
            "\(weights.count) weights for a network of \(architecture.parameterLayout.scalarCount)")
        profile.measure(.weightPacking) { for layer in layers { layer.load(weights.pointer) } }
    }

    /// Runs the network on images `[batchSize, C, D, H, W]`. In training the images must stay in place until
    /// ``backward(into:)`` has returned.
    public func forward(_ images: UnsafePointer<Float>) {
        image.data = UnsafeMutableRawPointer(mutating: images)  // only ever read
        if let recomputed { layers[0].output.data = recomputed.forward }
        for (layer, scratch) in zip(layers, scratch) {
            profile.measure(layer.ownWork.forward) { layer.forward(scratch: scratch.forward) }
        }
    }

    /// Logits of the last forward pass at a level (0 is the highest resolution), `[batchSize, heads, D, H, W]`. In
    /// training the loss replaces them by its gradient before ``backward(into:)``.
    public func logits(level: Int) -> UnsafeMutablePointer<Float> {
        logitActivations[level].placedData.assumingMemoryBound(to: Float.self)
    }

    /// The gradient of every parameter, given the loss's gradient in the place of the logits.
    ///
    /// - Parameter gradient: `architecture.parameterLayout.scalarCount` scalars, all replaced.
    public func backward(into gradient: UnsafeMutablePointer<Float>) {
        for (index, (layer, scratch)) in zip(layers, scratch).enumerated().reversed() {
            if index == 1, let recomputed {
                layers[0].output.data = recomputed.backward
                profile.measure(layers[0].ownWork.forward) { layers[0].forward(scratch: self.scratch[0].backward) }
            }
            profile.measure(layer.ownWork.backward) { layer.backward(into: gradient, scratch: scratch.backward) }
        }
        for entry in unsupervised { (gradient + entry.offset).update(repeating: 0, count: entry.count) }
    }

    /// Fills all activations and gradients with a bit pattern, so that a test sees what a layer leaves unwritten.
    package func poison() { arena.fill(0xFF) }
}
