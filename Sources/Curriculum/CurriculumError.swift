/// Why a schedule cannot be made.
public enum CurriculumError: Error, Equatable, Sendable {
    /// A number lies outside `allowed`.
    case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)
    /// Patch size and poolings must name three axes each.
    case axisCount(patchSize: [Int], poolings: [Int])
    /// An axis of the patch is no multiple of `2^poolings`.
    case indivisible(patchSize: [Int], poolings: [Int], axis: Int)
    /// Voxels of a batch beyond what can be counted exactly.
    case tooManyVoxels(patchSize: [Int], batchSize: Int)
    /// Not every stage would get an iteration.
    case fewerIterationsThanStages(scheme: Scheme, stageCount: Int, epochs: Int, iterationsPerEpoch: Int)
}

extension CurriculumError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .outOfRange(let name, let value, let allowed):
            return "\(name) is \(value), but must lie in \(allowed.lowerBound) to \(allowed.upperBound)"
        case .axisCount(let patchSize, let poolings):
            return "patch size \(Self.text(patchSize)) and poolings \(Self.text(poolings)) must name three axes each "
                + "(D H W)"
        case .indivisible(let patchSize, let poolings, let axis):
            let step = 1 << poolings[axis]
            let nearest = Self.nearestMultiples(of: step, to: patchSize[axis]).map(String.init)
            return "patch size \(Self.text(patchSize)) does not suit poolings \(Self.text(poolings)): axis "
                + "\(["D", "H", "W"][axis]) is \(patchSize[axis]) and must be divisible by \(step) "
                + "(\(poolings[axis]) poolings); nearest: \(nearest.joined(separator: " or "))"
        case .tooManyVoxels(let patchSize, let batchSize):
            return "\(batchSize) patches of \(Self.text(patchSize)) voxels are too many to be counted exactly "
                + "(2^53 voxels); give a smaller patch or batch"
        case .fewerIterationsThanStages(let scheme, let stageCount, let epochs, let iterationsPerEpoch):
            return "\(scheme.rawValue) has \(stageCount) stages for this patch, but \(epochs) epochs of "
                + "\(iterationsPerEpoch) iterations are only \(epochs * iterationsPerEpoch) iterations; every stage "
                + "needs at least one, so give at least "
                + "\((stageCount + iterationsPerEpoch - 1) / iterationsPerEpoch) epochs of \(iterationsPerEpoch)"
        }
    }

    /// The multiples of `step` below and above `value`; only those that are positive.
    static func nearestMultiples(of step: Int, to value: Int) -> [Int] {
        let below = value / step * step
        return below > 0 ? [below, below + step] : [below + step]
    }

    private static func text(_ sizes: [Int]) -> String { sizes.map(String.init).joined(separator: " ") }
}
