import ArgumentParser
import Foundation

/// Which process of a job this is, before MPI starts.
enum LaunchedRank {
    /// Whether it is the first, or the only one: the launcher tells the others their numbers in the environment.
    static var isFirst: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["OMPI_COMM_WORLD_RANK"] ?? environment["PMIX_RANK"] ?? "0" == "0"
    }
}

extension ParsableCommand {
    /// Ends the program for what every rank of a job finds out alike: the first one says it, and all end with the same
    /// status.
    static func exitOnce(withError error: any Error) -> Never {
        if LaunchedRank.isFirst { exit(withError: error) }
        let status = exitCode(for: error)
        // The launcher ends a job at its first failed process: what the first rank says must be out before.
        if !status.isSuccess { sleep(5) }
        exit(withError: status)
    }
}
