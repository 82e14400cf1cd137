/// What the network's heads stand for.
public enum HeadKind: Sendable, Equatable {
    /// One head per label with background, softmax; cross-entropy + Dice without background.
    case labels
    /// One head per region (a set of labels), sigmoid; binary cross-entropy + Dice over all regions.
    case regions([[Int]])
}

/// The objective of a training: Dice + cross-entropy at every supervised resolution level.
///
/// Source: nnU-Net's `DC_and_CE_loss` and `DC_and_BCE_loss` with `MemoryEfficientSoftDiceLoss` and deep supervision.
public struct LossDescription: Sendable, Equatable {
    public let headCount: Int
    public let kind: HeadKind
    /// Voxels with this label count nowhere.
    public let ignoreLabel: Int?
    /// Dice of the whole global batch instead of the mean over samples.
    public let usesBatchDice: Bool
    /// Weight of each supervised level, highest resolution first.
    public let levelWeights: [Double]

    /// Added to numerator and denominator of Dice.
    public static let smoothing = 1e-5

    public init(headCount: Int, kind: HeadKind, ignoreLabel: Int?, usesBatchDice: Bool, levelWeights: [Double]) {
        self.headCount = headCount
        self.kind = kind
        self.ignoreLabel = ignoreLabel
        self.usesBatchDice = usesBatchDice
        self.levelWeights = levelWeights
    }

    /// Deep supervision: ½ per level down, the lowest decoder level 0, sum 1. Levels of weight 0 are left out.
    ///
    /// - Parameter decoderLevelCount: resolution levels minus one.
    public static func levelWeights(decoderLevelCount: Int) -> [Double] {
        let kept = max(1, decoderLevelCount - 1)
        let halves = (0..<kept).map { 1 / Double(1 << $0) }
        let total = halves.reduce(0, +)
        return halves.map { $0 / total }
    }

    /// Heads that take part in Dice: not the background's.
    var diceHeads: Range<Int> { kind == .labels ? 1..<headCount : 0..<headCount }

    /// Numbers per level that batch Dice needs from the whole batch: three sums for every head.
    public var diceSumCount: Int { levelWeights.count * headCount * 3 }

    /// What turns a sum of cross-entropies into their mean: voxels, and for regions without ignore label also regions.
    public func crossEntropyFactor(validVoxelCount: Int) -> Double {
        guard validVoxelCount > 0 else { return 0 }
        return 1 / Double(validVoxelCount * (kind == .labels || ignoreLabel != nil ? 1 : headCount))
    }

    /// Minus the mean Dice over heads, from `[head][probability · truth, probability, truth]`.
    func diceLoss(_ sums: some RandomAccessCollection<Double>) -> Double {
        let sums = Array(sums)
        return -diceHeads.reduce(0.0) { total, head in
            total + (2 * sums[3 * head] + Self.smoothing)
                / max(sums[3 * head + 1] + sums[3 * head + 2] + Self.smoothing, 1e-8)
        } / Double(max(1, diceHeads.count))
    }

    /// The part of the loss that batch Dice adds, from the sums over the global batch, `[level][head][3]`.
    public func batchDiceLoss(_ sums: [Double]) -> Double {
        let width = headCount * 3
        return levelWeights.indices.reduce(0.0) { loss, level in
            loss + levelWeights[level] * diceLoss(sums[level * width..<(level + 1) * width])
        }
    }
}
