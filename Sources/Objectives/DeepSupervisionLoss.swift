import Kernels
import Networks
import Tensors
import Threads

/// What a loss needs to know of the whole global batch before any gradient.
public struct BatchNormalization: Sendable, Equatable {
    /// Samples of the global batch.
    public var sampleCount: Int
    /// Voxels per level of the global batch that count.
    public var validVoxelCounts: [Int]
    /// With batch Dice: sums over the global batch, `[level][head][probability · truth, probability, truth]`.
    public var diceSums: [Double]?

    public init(sampleCount: Int, validVoxelCounts: [Int], diceSums: [Double]? = nil) {
        self.sampleCount = sampleCount
        self.validVoxelCounts = validVoxelCounts
        self.diceSums = diceSums
    }
}

/// Dice + cross-entropy of one micro-batch at all supervised levels: first the statistics, then the gradient.
///
/// Between the two, whoever trains adds up what batch Dice needs over the global batch; the loss knows no ranks.
public final class DeepSupervisionLoss: @unchecked Sendable {
    // Safety: used by one thread at a time; inside, tasks write disjoint ranges.
    public let description: LossDescription
    public let targets: TargetPyramid
    private let membership: [Float]
    private let labelCount: Int
    /// Per level: `[sample][chunk][head · 3 + 1]`, the last number being the cross-entropy.
    private var partial: [[Double]]
    private static let chunk = 16384

    /// - Parameter sizes: voxels per axis of each supervised level, highest resolution first.
    public init(description: LossDescription, batchSize: Int, sizes: [[Int]]) {
        precondition(
            sizes.count == description.levelWeights.count,
            "\(description.levelWeights.count) level weights for \(sizes.count) supervised levels")
        self.description = description
        targets = TargetPyramid(batchSize: batchSize, sizes: sizes)
        let width = description.headCount * 3 + 1
        partial = sizes.map { Array(repeating: 0, count: batchSize * Self.chunkCount($0) * width) }
        if case .regions(let regions) = description.kind {
            let highest = max(regions.joined().max() ?? 0, description.ignoreLabel ?? 0)
            labelCount = highest + 1
            membership = regions.flatMap { region in (0...highest).map { region.contains($0) ? 1 : 0 } }
        } else {
            (labelCount, membership) = (0, [])
        }
    }

    private static func chunkCount(_ size: [Int]) -> Int { (size.reduce(1, *) + chunk - 1) / chunk }

    private func chunkRange(_ index: Int, of count: Int, voxels: Int) -> Range<Int> {
        index * voxels / count..<(index + 1) * voxels / count
    }

    /// Turns the session's logits into probabilities and returns the sums over this micro-batch that batch Dice adds
    /// up, `[level][head][3]`.
    public func measure(_ session: Session) -> [Double] { measure(logits: session.logits(level:)) }

    /// As ``measure(_:)``, of logits that lie anywhere.
    ///
    /// - Shapes: of a level `[N, heads, D, H, W]`.
    package func measure(logits: (_ level: Int) -> UnsafeMutablePointer<Float>) -> [Double] {
        for level in targets.sizes.indices {
            let voxels = targets.sizes[level].reduce(1, *)
            let chunks = Self.chunkCount(targets.sizes[level])
            let width = description.headCount * 3 + 1
            let logits = logits(level)
            partial[level].withUnsafeMutableBufferPointer { buffer in
                targets.withLabels(level: level) { labels in
                    nonisolated(unsafe) let (sums, logits, labels) = (buffer, logits, labels)
                    Threads.forEach(targets.batchSize * chunks) { [self] task in
                        let range = chunkRange(task % chunks, of: chunks, voxels: voxels)
                        let sample = task / chunks
                        // Every level has at least one sum.
                        let place = sums.baseAddress! + task * width
                        place[width - 1] = statistics(
                            logits + sample * description.headCount * voxels + range.lowerBound, stride: voxels,
                            count: range.count, labels + sample * voxels + range.lowerBound, place)
                    }
                }
            }
        }
        var totals: [Double] = []
        for level in targets.sizes.indices {
            var sums = [Double](repeating: 0, count: description.headCount * 3)
            for sample in 0..<targets.batchSize {
                for (index, value) in sampleSums(level, sample).dropLast().enumerated() { sums[index] += value }
            }
            totals += sums
        }
        return totals
    }

    private func statistics(
        _ logits: UnsafeMutablePointer<Float>, stride: Int, count: Int, _ labels: UnsafePointer<Int16>,
        _ sums: UnsafeMutablePointer<Double>
    ) -> Double {
        switch description.kind {
        case .labels:
            SoftmaxLoss.statistics(
                logits, headStride: stride, headCount: description.headCount, voxelCount: count, targets: labels,
                ignoreLabel: description.ignoreLabel, sums: sums)
        case .regions:
            SigmoidLoss.statistics(
                logits, headStride: stride, headCount: description.headCount, voxelCount: count, targets: labels,
                ignoreLabel: description.ignoreLabel, membership: membership, labelCount: labelCount, sums: sums)
        }
    }

    /// The sums of one sample, chunks added in order; the last number is the cross-entropy.
    private func sampleSums(_ level: Int, _ sample: Int) -> [Double] {
        let width = description.headCount * 3 + 1
        let chunks = Self.chunkCount(targets.sizes[level])
        var sums = [Double](repeating: 0, count: width)
        for chunk in 0..<chunks {
            for index in 0..<width { sums[index] += partial[level][(sample * chunks + chunk) * width + index] }
        }
        return sums
    }

    /// The loss of each sample after ``measure(_:)``, summing to the micro-batch's share of the global loss. The Dice
    /// of a whole batch belongs to no sample and is left out (``LossDescription/batchDiceLoss(_:)``).
    public func sampleLosses(_ batch: BatchNormalization) -> [Double] {
        (0..<targets.batchSize).map { sample in
            var loss = 0.0
            for level in targets.sizes.indices {
                let sums = sampleSums(level, sample)
                var part =
                    sums[description.headCount * 3]
                    * description.crossEntropyFactor(validVoxelCount: batch.validVoxelCounts[level])
                if !description.usesBatchDice {
                    part += description.diceLoss(sums) / Double(batch.sampleCount)
                }
                loss += description.levelWeights[level] * part
            }
            return loss
        }
    }

    /// Sums over the samples of this micro-batch after ``measure(_:)``: cross-entropy, and minus the mean Dice over
    /// heads.
    public func levelSums(_ level: Int) -> (crossEntropy: Double, diceLoss: Double) {
        (0..<targets.batchSize).reduce((0.0, 0.0)) { total, sample in
            let sums = sampleSums(level, sample)
            return (total.0 + sums[description.headCount * 3], total.1 + description.diceLoss(sums))
        }
    }

    /// Turns the probabilities that ``measure(_:)`` left in the session into the gradient of the global loss.
    public func differentiate(_ session: Session, _ batch: BatchNormalization) {
        differentiate(logits: session.logits(level:), batch)
    }

    /// As ``differentiate(_:_:)``, of probabilities that lie anywhere.
    package func differentiate(
        logits: (_ level: Int) -> UnsafeMutablePointer<Float>, _ batch: BatchNormalization
    ) {
        let heads = description.headCount
        for level in targets.sizes.indices {
            let voxels = targets.sizes[level].reduce(1, *)
            let chunks = Self.chunkCount(targets.sizes[level])
            let crossEntropy = Float(
                description.levelWeights[level]
                    * description.crossEntropyFactor(validVoxelCount: batch.validVoxelCounts[level]))
            // Coefficients per sample: head by head on target, then head by head everywhere.
            let coefficients = (0..<targets.batchSize).flatMap { diceCoefficients(level, $0, batch) }
            let probabilities = logits(level)
            targets.withLabels(level: level) { labels in
                coefficients.withUnsafeBufferPointer { buffer in
                    nonisolated(unsafe) let (p, labels, dice) = (probabilities, labels, buffer.baseAddress!)
                    Threads.forEach(targets.batchSize * chunks) { [self] task in
                        let range = chunkRange(task % chunks, of: chunks, voxels: voxels)
                        let sample = task / chunks
                        gradient(
                            p + sample * heads * voxels + range.lowerBound, stride: voxels, count: range.count,
                            labels + sample * voxels + range.lowerBound, crossEntropy, dice + sample * 2 * heads)
                    }
                }
            }
        }
    }

    private func gradient(
        _ p: UnsafeMutablePointer<Float>, stride: Int, count: Int, _ labels: UnsafePointer<Int16>,
        _ crossEntropy: Float,
        _ dice: UnsafePointer<Float>
    ) {
        let heads = description.headCount
        switch description.kind {
        case .labels:
            SoftmaxLoss.gradient(
                p, headStride: stride, headCount: heads, voxelCount: count, targets: labels,
                ignoreLabel: description.ignoreLabel, crossEntropy: crossEntropy, onTarget: dice,
                everywhere: dice + heads)
        case .regions:
            SigmoidLoss.gradient(
                p, headStride: stride, headCount: heads, voxelCount: count, targets: labels,
                ignoreLabel: description.ignoreLabel, membership: membership, labelCount: labelCount,
                crossEntropy: crossEntropy, onTarget: dice, everywhere: dice + heads)
        }
    }

    /// Derivative of the Dice part in a sample's probabilities: `−2 / d` where the truth is 1, `+n / d²` everywhere,
    /// with Dice = n / d.
    private func diceCoefficients(_ level: Int, _ sample: Int, _ batch: BatchNormalization) -> [Float] {
        let heads = description.headCount
        var coefficients = [Float](repeating: 0, count: 2 * heads)
        let width = heads * 3
        var weight = description.levelWeights[level] / Double(max(1, description.diceHeads.count))
        let sums: [Double]
        if description.usesBatchDice {
            guard let total = batch.diceSums else {
                preconditionFailure("batch Dice needs the sums of the whole batch")
            }
            sums = Array(total[level * width..<(level + 1) * width])
        } else {
            sums = sampleSums(level, sample)
            weight /= Double(batch.sampleCount)
        }
        let smooth = LossDescription.smoothing
        for head in description.diceHeads {
            let numerator = 2 * sums[3 * head] + smooth
            let denominator = max(sums[3 * head + 1] + sums[3 * head + 2] + smooth, 1e-8)
            coefficients[head] = Float(-weight * 2 / denominator)
            coefficients[heads + head] = Float(weight * numerator / (denominator * denominator))
        }
        return coefficients
    }
}
