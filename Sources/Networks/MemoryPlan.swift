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
        let canRecompute =
            isTraining && layers.count > 2 && layers[1].inputs.contains { $0 === layers[0].output }
            && !layers[2...].contains { $0.inputs.contains { $0 === layers[0].output } }
        let recomputes = canRecompute && (recomputesFirst ?? (layers[0].output.byteCount > Self.largestKeptOutput))
        planData(logits, recomputes)
        scratch = layers.indices.map { planScratch($0, recomputes) }
        if isTraining { planGradients() }
        buffers.place()
    }

    private func backwardStep(_ index: Int, _ phase: BackwardPhase) -> Int {
        layers.count + 2 * (layers.count - 1 - index) + (phase == .withInputGradients ? 1 : 0)
    }

    private mutating func planData(_ logits: [Activation], _ recomputes: Bool) {
        for (index, layer) in layers.enumerated() {
            let data = buffers.request(byteCount: layer.output.byteCount, at: index)
            layer.output.dataBuffer = data
            if index == 0, recomputes {
                buffers.extend(data, to: 1)
                let again = buffers.request(
                    byteCount: layer.output.byteCount, at: backwardStep(1, .beforeInputGradients))
                buffers.extend(again, to: backwardStep(0, .withInputGradients))
                recomputed = again
                continue
            }
            for input in layer.inputs where !(recomputes && index == 1) {
                let last = isTraining ? backwardStep(index, .withInputGradients) : index
                if let number = input.dataBuffer { buffers.extend(number, to: last) }
            }
            if isTraining, let phase = layer.lastReadOfOutput { buffers.extend(data, to: backwardStep(index, phase)) }
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

    /// A gradient lives from its first consumer's backward step to that of the layer that made the activation.
    private mutating func planGradients() {
        for (index, layer) in layers.enumerated().reversed() {
            let written = backwardStep(index, .withInputGradients)
            for (input, slot) in zip(layer.inputs, layer.slots) {
                guard let slot, input.gradientBuffers.count == slot else { continue }
                input.gradientBuffers.append(buffers.request(byteCount: input.byteCount, at: written))
            }
            for number in layer.output.gradientBuffers { buffers.extend(number, to: written) }
        }
    }
}
