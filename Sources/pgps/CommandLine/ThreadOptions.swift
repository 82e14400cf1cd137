import ArgumentParser
import Cluster
import Foundation
import Threads

/// How many threads this process uses.
struct ThreadOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads of each rank (default: OMP_NUM_THREADS, or the cores of the node shared among its ranks).",
            valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); it must be at least 1") }
    }

    /// Sets the number of threads, before any parallel work.
    ///
    /// - Collective: every rank of the job.
    func apply(on runtime: ClusterRuntime) throws { try Self.apply(threads, on: runtime) }

    /// The same with a number from elsewhere, such as a configuration file; nil: `OMP_NUM_THREADS`, or this rank's part
    /// of the cores that it and other ranks of the node may run on. Ranks bound to cores of their own use all of them.
    static func apply(_ threads: Int?, on runtime: ClusterRuntime) throws {
        let own = Threads.affinityMask
        let sharing = try runtime.node.allGather(own).count { $0 == own }
        let environment = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"]
            .flatMap { Int($0.prefix { $0 != "," }) }.flatMap { $0 > 0 ? $0 : nil }
        Threads.setCount(threads ?? environment ?? max(1, Threads.availableCoreCount / sharing))
    }
}
