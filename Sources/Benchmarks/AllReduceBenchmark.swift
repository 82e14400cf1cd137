import Cluster
import Documents
import Reporting
import Tensors
import Threads

/// Times the reproducible sum of a vector over the ranks beside the MPI library's own, which gives other bits on other
/// numbers of ranks.
public struct AllReduceBenchmark {
    /// Numbers of the vector.
    public let elementCount: Int
    /// Sums that are timed, after one that is not.
    public let iterationCount: Int
    private let communicator: Communicator

    /// - Throws: ``BenchmarkError`` when there is one rank only, or nothing to add.
    /// - Precondition: `iterationCount ≥ 1`.
    public init(elementCount: Int, iterationCount: Int, communicator: Communicator) throws(BenchmarkError) {
        precondition(iterationCount >= 1, "a benchmark of \(iterationCount) sums")
        guard communicator.size > 1 else { throw .needsRanks }
        guard elementCount >= 1 else { throw .elementCount(elementCount) }
        self.elementCount = elementCount
        self.iterationCount = iterationCount
        self.communicator = communicator
    }

    /// Scalars of a network's gradient, the vector that a step of its training adds up.
    public static func gradientCount(of network: BenchmarkNetwork) -> Int {
        network.architecture.parameterLayout.scalarCount
    }

    /// Checks both sums on whole numbers, then times them in turns.
    ///
    /// - Throws: ``BenchmarkError/disagreement(_:)`` on all ranks together, ``MPIError``.
    /// - Collective: every rank of the communicator.
    public func run() throws -> AllReduceMeasurement {
        let own = AlignedBuffer<Float>(count: elementCount)
        // Whole numbers, whose sum is the same in every order.
        for index in 0..<elementCount { own.pointer[index] = Float((communicator.rank + 1) * (index % 16)) }
        let tree = TreeSum<Float>(
            communicator: communicator, leafCount: communicator.size, elementCount: elementCount)
        let result = AlignedBuffer<Float>(count: elementCount)
        func sumInTree() throws -> Double {
            for leaf in tree.leaves { tree.add(leaf: leaf) { $0.update(from: own.pointer, count: elementCount) } }
            var sum = result
            let seconds = try slowest { sum = try tree.finish() }
            result.pointer.update(from: sum.pointer, count: elementCount)
            return seconds
        }
        func sumInLibrary() throws -> Double {
            result.pointer.update(from: own.pointer, count: elementCount)
            return try slowest { try communicator.libraryAllReduceSum(result.elements) }
        }
        _ = try sumInTree()
        try verify(result, "the reproducible sum")
        _ = try sumInLibrary()
        try verify(result, "MPI_Allreduce")
        var (treeSeconds, librarySeconds): ([Double], [Double]) = ([], [])
        for _ in 0..<iterationCount {
            treeSeconds.append(try sumInTree())
            librarySeconds.append(try sumInLibrary())
        }
        return AllReduceMeasurement(
            elementCount: elementCount, rankCount: communicator.size, threadCount: Threads.count,
            tree: TimeStatistics(treeSeconds), library: TimeStatistics(librarySeconds),
            residentBytes: try communicator.allReduceMax(ResidentMemory.peak))
    }

    /// The time of the rank that takes longest; all start together.
    private func slowest(_ body: () throws -> Void) throws -> Double {
        try communicator.barrier()
        let start = ContinuousClock.now
        try body()
        return try communicator.allReduceMax(start.duration(to: .now) / .seconds(1))
    }

    private func verify(_ result: AlignedBuffer<Float>, _ name: String) throws {
        let rankSum = communicator.size * (communicator.size + 1) / 2
        let wrong = (0..<elementCount).first { result.pointer[$0] != Float(rankSum * ($0 % 16)) }
        try communicator.agree(
            failure: wrong.map {
                BenchmarkError.disagreement(
                    "element \($0) of \(name) is \(result.pointer[$0]) instead of \(rankSum * ($0 % 16))")
            })
    }
}

/// What an ``AllReduceBenchmark`` found: seconds of the slowest rank per sum.
public struct AllReduceMeasurement: Sendable, Equatable {
    public let elementCount: Int
    public let rankCount: Int
    /// Per rank.
    public let threadCount: Int
    public let tree: TimeStatistics
    public let library: TimeStatistics
    /// The most memory of any rank.
    public let residentBytes: Int

    private var byteCount: Int { elementCount * MemoryLayout<Float>.stride }

    /// Bytes of the vector per second.
    public var rate: Double { Double(byteCount) / tree.median }
    public var libraryRate: Double { Double(byteCount) / library.median }

    public var json: JSONValue {
        [
            "elements": .integer(elementCount), "bytes": .integer(byteCount), "ranks": .integer(rankCount),
            "threads": .integer(threadCount), "iterations": .integer(tree.seconds.count),
            "medianSeconds": .real(tree.median), "p10Seconds": .real(tree.p10), "p90Seconds": .real(tree.p90),
            "gigabytesPerSecond": .real(rate / 1e9), "libraryMedianSeconds": .real(library.median),
            "libraryGigabytesPerSecond": .real(libraryRate / 1e9),
            "timesLibrary": .real(tree.median / library.median), "residentBytes": .integer(residentBytes),
            "versions": BenchmarkVersions.json,
        ]
    }

    /// For people.
    public var text: String {
        func line(_ times: TimeStatistics, _ rate: Double) -> String {
            "median \(ReportText.fixed(times.median * 1000, decimals: 3)) ms, p10 "
                + "\(ReportText.fixed(times.p10 * 1000, decimals: 3)) ms, p90 "
                + "\(ReportText.fixed(times.p90 * 1000, decimals: 3)) ms, "
                + "\(ReportText.fixed(rate / 1e9, decimals: 2)) GB/s"
        }
        let rows = [
            ("reproducible sum", line(tree, rate)), ("MPI_Allreduce", line(library, libraryRate)),
            ("times MPI_Allreduce", ReportText.fixed(tree.median / library.median, decimals: 2)),
        ]
        let title =
            "sum of \(ReportText.grouped(elementCount)) float32 over \(rankCount) ranks, \(threadCount) "
            + "thread\(threadCount == 1 ? "" : "s") each; seconds of the slowest rank"
        return ([title, ""] + BenchmarkTable.lines(rows) + [""] + BenchmarkTable.lines(BenchmarkVersions.rows))
            .joined(separator: "\n")
    }
}
