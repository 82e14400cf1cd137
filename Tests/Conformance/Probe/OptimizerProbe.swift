import Documents
import Networks
import Objectives
import Tensors

/// Steps of the optimizer, and learning rates.
enum OptimizerProbe {
    /// Request: an architecture; `weights`; `gradients`, a path per step; `rates`, one per step; `results`, a path per
    /// step for the weights after it. Answer: the gradients' norms.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let architecture = try request.architecture()
        let weights = AlignedBuffer(try request.array("weights", of: Float.self).scalars)
        let optimizer = NesterovOptimizer(
            architecture: architecture, supervisedLevelCount: max(1, architecture.levelCount - 2))
        let (rates, results) = (try request.numbers("rates"), try request.texts("results"))
        var norms: [Double] = []
        for (step, array) in try request.arrays("gradients").enumerated() {
            let gradient = AlignedBuffer(array.scalars)
            let norm = optimizer.norm(of: gradient)
            norms.append(norm)
            optimizer.step(weights: weights, gradient: gradient, norm: norm, rate: rates[step], isFirst: step == 0)
            try Request.write(weights.array, shape: [weights.count], path: results[step])
        }
        return ["norms": .reals(norms)]
    }

    /// Request: `epochs`. Answer: the rate of every epoch.
    @Sendable static func rates(_ request: Request) throws -> JSONValue {
        let epochs = try request.integer("epochs")
        return .reals((0..<epochs).map { LearningRate.polynomial(epoch: $0, epochs: epochs) })
    }
}
