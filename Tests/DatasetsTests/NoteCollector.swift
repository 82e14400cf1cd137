import Synchronization

/// Collects texts from several threads.
final class NoteCollector: Sendable {
    private let storage = Mutex<[String]>([])
    var texts: [String] { storage.withLock { $0 } }
    func add(_ text: String) { storage.withLock { $0.append(text) } }
}
