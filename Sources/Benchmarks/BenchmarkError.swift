/// Why a benchmark cannot be run, or its result must not be believed.
public enum BenchmarkError: Error, Sendable, Equatable {
    case patchSize([Int], network: BenchmarkNetwork, divisors: [Int])
    case batchSize(Int)
    case imageSize([Int])
    /// The engine's numbers are not those of the reference engine.
    case disagreement(String)
    /// A step whose loss or gradient is not a finite number.
    case notFinite(String, iteration: Int)
    /// A benchmark of one rank, started on several.
    case needsOneRank(Int)
    /// A benchmark of what ranks exchange, started on one.
    case needsRanks
    case elementCount(Int)
}

extension BenchmarkError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .patchSize(let size, let network, let divisors):
            "--patch-size \(Self.list(size)): the network \(network.rawValue) needs three numbers that "
                + "\(Self.list(divisors)) divide; its own patch is \(Self.list(network.patchSize))"
        case .batchSize(let size): "--batch-size \(size): a step needs at least one patch"
        case .imageSize(let size): "--image-size \(Self.list(size)): an image needs three numbers from 1 on"
        case .disagreement(let comparison):
            "the engine does not agree with the reference, so its speed means nothing: \(comparison)"
        case .notFinite(let what, let iteration):
            "\(what) of step \(iteration + 1) is not a finite number, so its time means nothing"
        case .needsOneRank(let size):
            "this benchmark measures one rank and was started on \(size); start it without mpirun, with --threads"
        case .needsRanks:
            "there is nothing to add up on one rank; start it as \"mpirun -n 2 pgps benchmark allreduce\""
        case .elementCount(let count): "--elements \(count): a sum needs at least one number"
        }
    }

    private static func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: " ") }
}
