import Cluster
import Foundation

/// What needs several processes.
///
///     mpirun --oversubscribe --bind-to none -n 3 .build/release/rank-tests
///     .build/release/rank-tests --kill-test 25        kills jobs that save, and reads what they leave
///     .build/release/rank-tests --stall-test          stops and kills ranks, and reads who is blamed
@main
enum RankTests {
    static func main() {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let mode = arguments.isEmpty ? "" : arguments.removeFirst()
        switch mode {
        case "": run { try runChecks($0) }
        case "--save-forever": run { try JobUnderTest.saveForever($0, folder: arguments[0]) }
        case "--newest": JobUnderTest.printNewest(folder: arguments[0])
        case "--compute-forever": run(silenceSeconds: 2) { try JobUnderTest.computeForever($0, folder: arguments[0]) }
        case "--wait-forever": run(stallSeconds: 3) { try JobUnderTest.waitForever($0) }
        case "--abort": run { try JobUnderTest.abort($0) }
        case "--kill-test": exit(KillTest.run(killCount: arguments.first.flatMap { Int($0) } ?? 25) ? 0 : 1)
        case "--stall-test": exit(StallTest.run() ? 0 : 1)
        default:
            print("unknown argument \(mode)")
            exit(2)
        }
    }

    /// Starts MPI, runs `body`, ends MPI; an error ends the whole job.
    private static func run(
        silenceSeconds: Double = 30, stallSeconds: Double? = 120, _ body: (ClusterRuntime) throws -> Bool
    ) {
        do {
            let runtime = try ClusterRuntime.start(
                watchdog: WatchdogSettings(silenceSeconds: silenceSeconds, stallSeconds: stallSeconds))
            let isGood: Bool
            do { isGood = try body(runtime) } catch { runtime.world.abort("\(error)") }
            try runtime.finish()
            exit(isGood ? 0 : 1)
        } catch {
            print("MPI does not work: \(error)")
            exit(1)
        }
    }

    private static func runChecks(_ runtime: ClusterRuntime) throws -> Bool {
        let checks = Checks(runtime.world)
        checks.expectEqual(runtime.unwatchedRanks, [], "ranks that nobody watches")
        checks.expectEqual(runtime.node.size, runtime.world.nodeLocalSize, "ranks on this node")
        checks.expectEqual(runtime.node.rank, runtime.world.nodeLocalRank, "place on this node")
        for (name, body) in [
            ("collectives", CollectiveChecks.run), ("tree sums", TreeSumChecks.run), ("agreement", AgreementChecks.run),
            ("groups", GroupChecks.run), ("optimizer steps", OptimizerStepChecks.run),
            ("checkpoints", CheckpointChecks.run), ("checkpoint failures", CheckpointFailureChecks.run),
            ("damaged checkpoints", DamageChecks.run),
        ] {
            runtime.note(name)
            try body(checks)
        }
        return try checks.report()
    }
}
