import Foundation
import Reporting
import Synchronization

/// Shows how far a long task is: a moving line on a terminal, otherwise a flushed line every few seconds.
final class ProgressDisplay: Sendable {
    private struct State {
        var title = ""
        var started = ContinuousClock.now
        var shown = ContinuousClock.now
        /// A moving line stands on the terminal and has not been ended.
        var isOpen = false
    }

    private let state = Mutex(State())
    private let isTerminal = OutputTerminal.find() != nil
    /// False: only finished tasks and lines are shown.
    private let isEnabled: Bool

    init(isEnabled: Bool = true) { self.isEnabled = isEnabled }

    /// Shows that `completed` of `total` parts of a task are done. A new title starts a new task.
    func update(_ title: String, completed: Int, total: Int, detail: String) {
        state.withLock { state in
            let now = ContinuousClock.now
            if state.title != title || completed <= 1 {
                state.title = title
                state.started = now
                state.shown = now
            }
            let isLast = completed == total
            let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
            guard isLast || (isEnabled && now - state.shown >= pause) else { return }
            state.shown = now
            let seconds = Self.seconds(now - state.started)
            let rest = isLast ? "done in \(seconds)" : detail
            let line = "\(title): \(completed) of \(total), \(rest)"
            if isTerminal {
                write("\r\u{1B}[2K" + line + (isLast ? "\n" : ""))
                state.isOpen = !isLast
            } else {
                write(line + "\n")
            }
        }
    }

    /// Prints a line of its own.
    func line(_ text: String) {
        state.withLock { state in
            write((state.isOpen ? "\r\u{1B}[2K" : "") + text + "\n")
            state.isOpen = false
        }
    }

    /// Ends a moving line that stands on the terminal, for example before an error message.
    func end() {
        state.withLock { state in
            if state.isOpen { write("\n") }
            state.isOpen = false
        }
    }

    private func write(_ text: String) {
        print(text, terminator: "")
        fflush(nil)
    }

    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        return milliseconds < 9950
            ? String(format: "%.1f s", Double(milliseconds) / 1000) : "\((milliseconds + 500) / 1000) s"
    }
}
