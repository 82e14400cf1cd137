import Documents
import Kernels
import Networks
import Objectives
import Tensors

/// Logits, loss and gradients of a network for given weights.
enum NetworkProbe {
    /// Request: an architecture; `weights`, all parameters one after the other; `images` `[N, C, D, H, W]`; `target`
    /// `[N, D, H, W]`; the keys of a loss; `logits`, a path per supervised level; `gradient`, a path.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let architecture = try request.architecture()
        let weights = AlignedBuffer(try request.array("weights", of: Float.self).scalars)
        let images = try request.array("images", of: Float.self)
        let target = AlignedBuffer(try request.array("target", of: Int16.self).scalars)
        let count = images.shape[0]
        let session = try Session(
            architecture: architecture, batchSize: count, patchSize: Array(images.shape.dropFirst(2)),
            purpose: .training)
        session.load(weights: weights)
        let input = AlignedBuffer(images.scalars)
        session.forward(input.pointer)
        for (level, path) in try request.texts("logits").enumerated() {
            let shape = [count, architecture.headCount] + session.logitSizes[level]
            let values = UnsafeBufferPointer(start: session.logits(level: level), count: shape.reduce(1, *))
            try Request.write(Array(values), shape: shape, path: path)
        }

        let description = try request.loss(levelCount: session.logitSizes.count)
        let loss = DeepSupervisionLoss(description: description, batchSize: count, sizes: session.logitSizes)
        loss.targets.fill(from: target.pointer)
        let sums = loss.measure(session)
        let batch = BatchNormalization(
            sampleCount: count,
            validVoxelCounts: session.logitSizes.indices.map {
                loss.targets.validCount(level: $0, ignoreLabel: description.ignoreLabel)
            }, diceSums: description.usesBatchDice ? sums : nil)
        var value = loss.sampleLosses(batch).reduce(0, +)
        if description.usesBatchDice { value += description.batchDiceLoss(sums) }
        loss.differentiate(session, batch)
        let gradient = AlignedBuffer<Float>(count: weights.count)
        session.backward(into: gradient.pointer)
        try request.write(gradient.array, shape: [gradient.count], to: "gradient")
        return ["loss": .real(value), "parameters": names(of: architecture)]
    }

    /// Request: an architecture, `seed`, and `weights`, a path for fresh weights, all parameters one after the other.
    @Sendable static func initialWeights(_ request: Request) throws -> JSONValue {
        let architecture = try request.architecture()
        let weights = architecture.initialWeights(seed: UInt64(try request.integer("seed")))
        try request.write(weights.array, shape: [weights.count], to: "weights")
        return ["parameters": names(of: architecture)]
    }

    /// Names and sizes of all parameters, in their order.
    private static func names(of architecture: UNetArchitecture) -> JSONValue {
        .array(architecture.parameterLayout.entries.map { [.string($0.name), .integer($0.count)] })
    }
}
