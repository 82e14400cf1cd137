import Glibc
import Synchronization

/// What this process is doing, for error messages and for the watchdog of the other ranks.
///
/// Written by the thread that runs MPI, read by the watchdog's thread.
enum Activity {
    struct State: Sendable, Equatable {
        /// The MPI call in progress; this rank then waits for others.
        var call: String?
        /// What the program said last: "epoch 3, iteration 12".
        var note = ""
        /// Grows with every call and every note: a rank whose count stands still makes no progress.
        var changeCount = 0

        /// "MPI_Bcast of epoch 3, iteration 12".
        var description: String {
            switch (call, note.isEmpty) {
            case (let call?, true): call
            case (let call?, false): "\(call) of \(note)"
            case (nil, true): "its own work"
            case (nil, false): note
            }
        }
    }

    private struct Calls {
        var call: StaticString?
        var note = ""
        var changeCount = 0
    }

    private static let calls = Mutex(Calls())
    private static let owner = Atomic<UInt>(0)

    static var current: State {
        let calls = calls.withLock { $0 }
        return State(call: calls.call.map { "\($0)" }, note: calls.note, changeCount: calls.changeCount)
    }

    /// From now on MPI belongs to the calling thread.
    static func ownThread() { owner.store(UInt(pthread_self()), ordering: .relaxed) }

    static var isOwnerThread: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

    static func enter(_ call: StaticString) {
        calls.withLock {
            $0.call = call
            $0.changeCount += 1
        }
    }

    static func leave() {
        calls.withLock {
            $0.call = nil
            $0.changeCount += 1
        }
    }

    static func note(_ text: String) {
        calls.withLock {
            $0.note = text
            $0.changeCount += 1
        }
    }
}
