import Cluster
import Foundation
import Synchronization

/// What the scheduler wants all ranks to do before an iteration.
struct Directive: Equatable {
    /// Stage of the next iteration.
    var stage: Int
    /// Save a checkpoint first.
    var saves: Bool
    /// Save and end the run.
    var stops: Bool
}

/// Rank 0 of a fold: it watches the clock and the signals, and its directives travel with the iterations, so that all
/// ranks act at the same one.
///
/// SIGUSR1 asks for a checkpoint; SIGUSR2 and SIGTERM for a checkpoint and the end of the run. Any rank may receive
/// them. `mpirun` passes all three on, but kills the ranks soon after a SIGTERM; so under it SIGUSR2 is the one to
/// send.
final class Scheduler {
    private let communicator: Communicator
    private let saveEverySeconds: Double
    private var lastSave = ContinuousClock.now

    private static let saveRequested = Atomic<Bool>(false)
    private static let stopRequested = Atomic<Bool>(false)

    init(communicator: Communicator, saveEverySeconds: Double) {
        self.communicator = communicator
        self.saveEverySeconds = saveEverySeconds
        signal(SIGUSR1) { _ in Scheduler.saveRequested.store(true, ordering: .relaxed) }
        for number in [SIGUSR2, SIGTERM] {
            signal(number) { _ in Scheduler.stopRequested.store(true, ordering: .relaxed) }
        }
    }

    /// The training is over: from here on SIGTERM ends the process as usual, and nothing is lost by it.
    func finish() {
        signal(SIGTERM, SIG_DFL)
        signal(SIGUSR1, SIG_IGN)
        signal(SIGUSR2, SIG_IGN)
    }

    /// The directive for the next iteration.
    ///
    /// - Parameters:
    ///   - stage: of that iteration; the root's counts.
    ///   - isTransition: it is the first of its stage, which wants a checkpoint.
    /// - Throws: ``TrainingError/outOfStep(iteration:expected:received:)`` when a rank's schedule differs from rank
    ///   0's.
    /// - Collective: every rank of the fold's group.
    func directive(iteration: Int, stage: Int, isTransition: Bool) throws -> Directive {
        let isDue = lastSave.duration(to: .now) / .seconds(1) >= saveEverySeconds
        let requests = try communicator.allReduceMax([
            Self.saveRequested.exchange(false, ordering: .relaxed) ? 1 : 0,
            Self.stopRequested.load(ordering: .relaxed) ? 1 : 0,
        ])
        let stops = requests[1] > 0
        let message = try communicator.broadcast([
            stage, requests[0] > 0 || stops || isTransition || isDue ? 1 : 0, stops ? 1 : 0,
        ])
        let directive = Directive(stage: message[0], saves: message[1] > 0, stops: message[2] > 0)
        try communicator.agree(
            failure: directive.stage == stage
                ? nil : TrainingError.outOfStep(iteration: iteration, expected: stage, received: directive.stage))
        return directive
    }

    /// A checkpoint was just written.
    func noteSave() { lastSave = .now }
}
