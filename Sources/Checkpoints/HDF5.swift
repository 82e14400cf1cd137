internal import CHDF5
import Foundation

/// An HDF5 call that failed: which, on what, and the innermost reason of the library's error stack.
struct HDF5Error: Error, CustomStringConvertible {
    let call: String
    /// The file, dataset or attribute.
    let subject: String
    let reason: String

    var description: String { "\(call) of \(subject): \(reason)" }
}

/// The one door to HDF5. This build of the library is not thread-safe: all calls happen inside ``locked(_:)``.
enum HDF5 {
    private static let lock = NSRecursiveLock()

    /// Runs `body` as the only user of the library in this process.
    static func locked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        _ = chdf5_be_quiet()
        return try body()
    }

    /// Checks the status of a call.
    static func check(_ call: StaticString, _ subject: String, _ status: herr_t) throws(HDF5Error) {
        if status < 0 { throw HDF5Error(call: "\(call)", subject: subject, reason: reason()) }
    }

    /// Checks a new handle, which `closer` will close.
    static func handle(
        _ call: StaticString, _ subject: String, _ id: hid_t, _ closer: @escaping HDF5Handle.Closer
    ) throws(HDF5Error) -> HDF5Handle {
        if id < 0 { throw HDF5Error(call: "\(call)", subject: subject, reason: reason()) }
        return HDF5Handle(id: id, closer: closer)
    }

    /// What the innermost entry of the error stack says; the system's own words where it quotes them.
    private static func reason() -> String {
        var entries: [String] = []
        withUnsafeMutablePointer(to: &entries) { pointer in
            _ = chdf5_walk_errors(
                { _, entry, context in
                    if let text = entry?.pointee.desc, let context {
                        context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: text))
                    }
                    return 0
                }, pointer)
        }
        _ = chdf5_clear_errors()
        for entry in entries.reversed() {
            guard let start = entry.range(of: "error message = '"),
                let end = entry.range(of: "'", range: start.upperBound..<entry.endIndex)
            else { continue }
            return String(entry[start.upperBound..<end.lowerBound])
        }
        return entries.last ?? "no reason given"
    }
}

/// An open object of the library, closed with its owner.
struct HDF5Handle: ~Copyable {
    typealias Closer = @convention(c) (hid_t) -> herr_t

    let id: hid_t
    private let closer: Closer

    init(id: hid_t, closer: @escaping Closer) {
        self.id = id
        self.closer = closer
    }

    deinit { _ = closer(id) }

    /// The bare handle, which the caller closes: where many objects close in one order, or none may close.
    consuming func released() -> hid_t {
        let id = id
        discard self
        return id
    }

    /// Closes now, where closing writes and so may fail.
    consuming func close(_ call: StaticString, _ subject: String) throws(HDF5Error) {
        let status = closer(id)
        discard self
        try HDF5.check(call, subject, status)
    }
}
