import Cluster
import Kernels
import Networks
import Objectives
import Tensors
import Training

/// Optimizer steps of a small network whose micro-batches the ranks share: bit by bit those of a rank on its own.
enum OptimizerStepChecks {
    static func run(_ checks: Checks) throws {
        let alone = try checks.world.split(color: checks.world.rank, key: 0)
        checks.expectEqual(alone.size, 1, "ranks of a group of one")
        for precision in Engine.oneDNN.precisions {
            for (usesBatchDice, ignoreLabel) in [(false, nil), (false, 3), (true, nil), (true, 3)] as [(Bool, Int?)] {
                let loss = LossDescription(
                    headCount: 3, kind: .labels, ignoreLabel: ignoreLabel, usesBatchDice: usesBatchDice,
                    levelWeights: LossDescription.levelWeights(decoderLevelCount: 2))
                // Seven samples are cut into four micro-batches; three leave a fourth rank without work.
                for batchSize in [7, 3] {
                    try compare(checks, alone, SharedTraining(loss, precision, batchSize: batchSize))
                }
                try checkNotFinite(checks, SharedTraining(loss, precision, batchSize: 7))
            }
        }
    }

    private static func compare(_ checks: Checks, _ alone: Communicator, _ training: SharedTraining) throws {
        let shared = try training.run(checks.world)
        let own = try training.run(alone)
        let name = training.name
        checks.expect(shared.weights.allSatisfy { $0.isFinite }, "weights that are not finite, \(name)")
        checks.expect(shared.weights.map(\.bitPattern) == own.weights.map(\.bitPattern), "bits of the weights, \(name)")
        checks.expectEqual(shared.losses, own.losses, "losses, \(name)")
        checks.expect(shared.losses[2] < shared.losses[0], "losses do not fall, \(name): \(shared.losses)")
    }

    /// A voxel that is no number: all ranks hear of it, the rank that holds it knows the sample, no weight changes.
    private static func checkNotFinite(_ checks: Checks, _ training: SharedTraining) throws {
        let step = training.makeStep(checks.world)
        let before = step.weights.array
        let outcome = try training.take(step, 0, spoiled: 5)
        guard case .notFinite(let what, let samples) = outcome else {
            return checks.expect(false, "a step with a voxel that is no number was taken, \(training.name)")
        }
        checks.expectEqual(what, "the loss", "what is not finite, \(training.name)")
        checks.expect(step.weights.array == before, "weights changed after a loss that is not finite, \(training.name)")
        let found = try checks.world.allReduceSum([samples.count, samples.first ?? 0])
        checks.expectEqual(found, [1, 5], "samples to blame, \(training.name)")
    }
}

/// Three steps of ``TrainingStep`` on synthetic patches.
private struct SharedTraining {
    private let settings: StepSettings
    private let batchSize: Int
    private let patchSize = [8, 8, 4]
    private var voxelCount: Int { patchSize.reduce(1, *) }

    init(_ loss: LossDescription, _ precision: Precision, batchSize: Int) {
        let architecture = UNetArchitecture(
            inputChannelCount: 1, headCount: 3, features: [16, 16, 32],
            kernelSizes: Array(repeating: [3, 3, 3], count: 3), strides: [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
            encoderConvolutionCounts: [1, 1, 1], decoderConvolutionCounts: [1, 1])
        settings = StepSettings(
            architecture: architecture, loss: loss, precision: precision, maximalPatchSize: patchSize)
        self.batchSize = batchSize
    }

    var name: String {
        let ignoreLabel = settings.loss.ignoreLabel.map { "\($0)" } ?? "none"
        return
            "\(settings.precision), \(batchSize) samples, batch Dice \(settings.loss.usesBatchDice), ignore label \(ignoreLabel)"
    }

    func makeStep(_ communicator: Communicator) -> TrainingStep {
        TrainingStep(
            settings, weights: settings.architecture.initialWeights(seed: 2), communicator: communicator)
    }

    /// Step `index`; the middle voxel of sample `spoiled` is no number.
    func take(_ step: TrainingStep, _ index: Int, spoiled: Int? = nil) throws -> TrainingStep.Outcome {
        let share = step.share(patchSize: patchSize, batchSize: batchSize)
        var images: [Float] = []
        var labels: [Int16] = []
        for sample in share.samples { fill(index, sample, &images, &labels) }
        if let spoiled, share.samples.contains(spoiled) {
            images[(spoiled - share.samples.lowerBound) * voxelCount + voxelCount / 2] = .nan
        }
        // Empty on a rank without work, which reads nothing.
        let (imageBuffer, labelBuffer) = (AlignedBuffer(images), AlignedBuffer(labels))
        return try step.run(
            share, images: imageBuffer.pointer, labels: labelBuffer.pointer, rate: NesterovOptimizer.initialRate,
            isFirst: index == 0)
    }

    /// A sample of a step: noise around its label, which differs between the halves of the patch.
    private func fill(_ step: Int, _ sample: Int, _ images: inout [Float], _ labels: inout [Int16]) {
        var random = RandomStream(seed: 4, purpose: .test, iteration: step, index: sample)
        for voxel in 0..<voxelCount {
            let label = voxel % 7 == 6 ? 3 : (sample + voxel * 2 / voxelCount) % 3
            labels.append(Int16(label == 3 && settings.loss.ignoreLabel == nil ? 0 : label))
            images.append(Float(label) + random.normal() / 4)
        }
    }

    func run(_ communicator: Communicator) throws -> (weights: [Float], losses: [Double]) {
        let step = makeStep(communicator)
        let losses = try (0..<3).map { index in
            guard case .taken(let loss) = try take(step, index) else { return Double.nan }
            return loss
        }
        return (step.weights.array, losses)
    }
}
