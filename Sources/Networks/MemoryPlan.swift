/// Which buffers the layers of a network need, and when.
///
/// Of n layers, forward runs at steps 0 ..< n; backward takes two steps per layer, the phases of ``BackwardPhase``.
struct MemoryPlan {
    /// The numbers of a layer's own scratch buffers.
    struct ScratchBuffers {
        let forward: Int
        let backward: Int?
    }

    private(set) var buffers = BufferPlan()
    /// For each layer the buffers of its scratch memory, if that is not the shared one.
    private(set) var scratch: [ScratchBuffers?] = []
    /// Where the first layer's output lies in the backward pass, if it is computed again for that and not kept.
    private(set) var recomputed: Int?

    private let layers: [any Layer]
    private let isTraining: Bool

    /// Scratch memory that no cache holds lies in the arena, as long as its layer runs; all smaller ones are one
    /// memory, which stays in the caches.
    private static let largestSharedScratch = 32 << 20
    /// A first output as large as this is not kept: its convolution has the image's few channels, and costs little.
    private static let largestKeptOutput = 100_000_000

    /// - Parameter recomputesFirst: nil: where its output is large.
    init(layers: [any Layer], logits: [Activation], isTraining: Bool, recomputesFirst: Bool?) {
        self.layers = layers
        self.isTraining = isTraining
        // The backward pass must need it for the second layer alone, in front of which it is computed again.
        let canRecompute =
            isTraining && layers.count > 2 && Self.reads(layers[1], layers[0].output)
            && !layers[2...].contains { Self.reads($0, layers[0].output) }
        let recomputes = canRecompute && (recomputesFirst ?? (layers[0].output.byteCount > Self.largestKeptOutput))
        planData(logits, recomputes)
        scratch = layers.indices.map { planScratch($0, recomputes) }
        if isTraining { planGradients() }
        buffers.place()
    }

    /// Whether a layer's backward step reads the data of an activation that it took in.
    private static func reads(_ layer: any Layer, _ activation: Activation) -> Bool {
        zip(layer.inputs, layer.readsInputsBackward).contains { $0 === activation && $1 }
    }

    private func backwardStep(_ index: Int, _ phase: BackwardPhase) -> Int {
        layers.count + 2 * (layers.count - 1 - index) + (phase == .withInputGradients ? 1 : 0)
    }

    private mutating func planData(_ logits: [Activation], _ recomputes: Bool) {
        for (index, layer) in layers.enumerated() {
            let data = buffers.request(byteCount: layer.output.byteCount, at: index)
            layer.output.dataBuffer = data
            let isComputedAgain = index == 0 && recomputes
            if isComputedAgain {
                let again = buffers.request(
                    byteCount: layer.output.byteCount, at: backwardStep(1, .beforeInputGradients))
                buffers.extend(again, to: backwardStep(0, .withInputGradients))
                recomputed = again
            }
            for (input, isRead) in zip(layer.inputs, layer.readsInputsBackward) {
                guard let number = input.dataBuffer else { continue }
                let isKept = isTraining && isRead && !(recomputes && input === layers[0].output)
                buffers.extend(number, to: isKept ? backwardStep(index, .withInputGradients) : index)
            }
            if isTraining, !isComputedAgain, let phase = layer.lastReadOfOutput {
                buffers.extend(data, to: backwardStep(index, phase))
            }
        }
        for output in logits {
            // Read by the caller between forward and backward, or after forward.
            if let number = output.dataBuffer { buffers.extend(number, to: layers.count) }
        }
    }

    private mutating func planScratch(_ index: Int, _ recomputes: Bool) -> ScratchBuffers? {
        let bytes = layers[index].scratchByteCount
        guard bytes > Self.largestSharedScratch else { return nil }
        let forward = buffers.request(byteCount: bytes, at: index)
        guard isTraining else { return ScratchBuffers(forward: forward, backward: nil) }
        let first = backwardStep(index == 0 && recomputes ? 1 : index, .beforeInputGradients)
        let backward = buffers.request(byteCount: bytes, at: first)
        buffers.extend(backward, to: backwardStep(index, .withInputGradients))
        return ScratchBuffers(forward: forward, backward: backward)
    }

    /// A gradient lives from its first consumer's backward step to that of the layer that made the activation, or as
    /// long as the gradient that takes its place.
    private mutating func planGradients() {
        for (index, layer) in layers.enumerated().reversed() {
            let written = backwardStep(index, .withInputGradients)
            for (place, (input, slot)) in zip(layer.inputs, layer.slots).enumerated() {
                guard let slot, !slot.adds else { continue }
                input.gradientBuffers.append(
                    layer.passesGradientTo == place
                        ? layer.output.gradientBuffers[0]
                        : buffers.request(byteCount: input.byteCount, at: written))
            }
            for number in layer.output.gradientBuffers { buffers.extend(number, to: written) }
        }
    }
}
