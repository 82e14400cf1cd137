import ArgumentParser
import Cluster

/// Runs a command's work on all ranks of a job.
enum ClusterScope {
    /// Starts MPI, runs `body`, ends MPI. An error that all ranks agreed on is printed by the first one alone; an
    /// ``MPIError`` ends the whole job.
    static func run(_ body: (ClusterRuntime) throws -> Void) throws {
        let runtime = try ClusterRuntime.start()
        do {
            try body(runtime)
            try runtime.finish()
        } catch let error as MPIError {
            runtime.world.abort("\(error)")
        } catch {
            let isRoot = runtime.world.isRoot
            try? runtime.finish()
            // mpirun returns the code of whichever rank it hears of first.
            throw isRoot || error is ExitCode ? error : ExitCode.failure
        }
    }
}
