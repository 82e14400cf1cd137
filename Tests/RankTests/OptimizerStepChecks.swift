import Cluster
import Kernels
import Networks
import Objectives
import Tensors

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
                let shared = try SharedTraining(loss, precision).run(checks.world)
                let own = try SharedTraining(loss, precision).run(alone)
                let name = "\(precision), batch Dice \(usesBatchDice), ignore label \(ignoreLabel.map { "\($0)" } ?? "none")"
                checks.expect(shared.weights.allSatisfy { $0.isFinite }, "weights that are not finite, \(name)")
                checks.expect(
                    shared.weights.map(\.bitPattern) == own.weights.map(\.bitPattern), "bits of the weights, \(name)")
                checks.expectEqual(shared.losses, own.losses, "losses, \(name)")
                checks.expect(shared.losses[2] < shared.losses[0], "losses do not fall, \(name): \(shared.losses)")
            }
        }
    }
}

/// Three steps over a batch of seven samples in five micro-batches.
private struct SharedTraining {
    private let loss: LossDescription
    private let precision: Precision
    private let architecture = UNetArchitecture(
        inputChannelCount: 1, headCount: 3, features: [16, 16, 32], kernelSizes: Array(repeating: [3, 3, 3], count: 3),
        strides: [[1, 1, 1], [2, 2, 2], [2, 2, 2]], encoderConvolutionCounts: [1, 1, 1],
        decoderConvolutionCounts: [1, 1])
    private let patchSize = [8, 8, 4]
    private let sampleCount = 7
    private let leafCount = 5
    private var voxelCount: Int { patchSize.reduce(1, *) }

    init(_ loss: LossDescription, _ precision: Precision) {
        self.loss = loss
        self.precision = precision
    }

    private func samples(of leaf: Int) -> Range<Int> {
        leaf * sampleCount / leafCount..<(leaf + 1) * sampleCount / leafCount
    }

    /// Sample `index` of a step: noise around its label, which differs between the halves of the patch.
    private func fill(_ step: Int, _ index: Int, _ image: UnsafeMutablePointer<Float>, _ labels: inout [Int16]) {
        var random = RandomStream(seed: 4, purpose: .test, iteration: step, index: index)
        for voxel in 0..<voxelCount {
            let label = voxel % 7 == 6 ? 3 : (index + voxel * 2 / voxelCount) % 3
            labels.append(Int16(label == 3 && loss.ignoreLabel == nil ? 0 : label))
            image[voxel] = Float(label) + random.normal() / 4
        }
    }

    /// One micro-batch of a step, measured; its session holds probabilities.
    private func measure(_ step: Int, _ leaf: Int, _ weights: AlignedBuffer<Float>) throws -> Part {
        let samples = samples(of: leaf)
        let part = try Part(
            Session(architecture: architecture, batchSize: samples.count, patchSize: patchSize, purpose: .training,
                precision: precision),
            loss, imageScalarCount: samples.count * voxelCount)
        var labels: [Int16] = []
        for (place, index) in samples.enumerated() {
            fill(step, index, part.images.pointer + place * voxelCount, &labels)
        }
        part.session.load(weights: weights)
        part.session.forward(part.images.pointer)
        part.objective.targets.fill(from: labels)
        part.sums = part.objective.measure(part.session)
        return part
    }

    func run(_ communicator: Communicator) throws -> (weights: [Float], losses: [Double]) {
        let weights = architecture.initialWeights(seed: 2)
        let optimizer = NesterovOptimizer(
            architecture: architecture, supervisedLevelCount: loss.levelWeights.count)
        let (leafGradient, gradient) = (
            AlignedBuffer<Float>(count: weights.count), AlignedBuffer<Float>(count: weights.count)
        )
        let sum = TreeSum<Float>(communicator: communicator, leafCount: leafCount, elementCount: weights.count)
        let leaves = Shares.leaves(rank: communicator.rank, size: communicator.size, leafCount: leafCount)
        var losses: [Double] = []
        for step in 0..<3 {
            let parts = try leaves.map { try measure(step, $0, weights) }
            func part(_ leaf: Int) -> Part { parts[leaf - leaves.lowerBound] }
            var batch = BatchNormalization(sampleCount: sampleCount, validVoxelCounts: [])
            batch.validVoxelCounts = try communicator.allReduceSum(
                loss.levelWeights.indices.map { level in
                    parts.reduce(0) {
                        $0 + $1.objective.targets.validCount(level: level, ignoreLabel: loss.ignoreLabel)
                    }
                })
            if loss.usesBatchDice {
                batch.diceSums = try TreeSum<Double>.sum(
                    communicator, leafCount: leafCount, elementCount: loss.diceSumCount
                ) { part($0).sums }
            }
            var value = try TreeSum<Double>.sum(communicator, leafCount: leafCount, elementCount: 1) {
                [part($0).objective.sampleLosses(batch).reduce(0, +)]
            }[0]
            if let sums = batch.diceSums { value += loss.batchDiceLoss(sums) }
            losses.append(value)
            for leaf in sum.leaves {
                part(leaf).objective.differentiate(part(leaf).session, batch)
                part(leaf).session.backward(into: leafGradient.pointer)
                sum.add(leaf: leaf, values: leafGradient.pointer)
            }
            try sum.finish(into: gradient.pointer)
            optimizer.step(
                weights: weights, gradient: gradient, norm: optimizer.norm(of: gradient),
                rate: NesterovOptimizer.initialRate, isFirst: step == 0)
        }
        return (weights.array, losses)
    }
}

/// A compiled micro-batch with its images.
private final class Part {
    let session: Session
    let objective: DeepSupervisionLoss
    let images: AlignedBuffer<Float>
    var sums: [Double] = []

    init(_ session: Session, _ loss: LossDescription, imageScalarCount: Int) {
        self.session = session
        objective = DeepSupervisionLoss(description: loss, batchSize: session.batchSize, sizes: session.logitSizes)
        images = AlignedBuffer(count: imageScalarCount)
    }
}
