internal import COpenMPI

/// An MPI call that failed: which, the library's reason, and what this rank was doing.
public struct MPIError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The function of the standard, e.g. `MPI_Bcast`.
    public let call: String
    /// The code that it returned.
    public let code: Int32
    /// The library's text for the code, or ours where we refused the call.
    public let reason: String
    /// What this rank was doing, as told by ``ClusterRuntime/note(_:)``.
    public let activity: String

    public var description: String {
        "\(call) failed" + (activity.isEmpty ? "" : " (\(activity))") + ": \(reason)"
    }
}

/// The one door to MPI: every call is made from the thread that started it, is seen by the watchdog, and is checked.
enum MPI {
    /// Calls `body`, one MPI function.
    ///
    /// - Precondition: this is the thread that called ``ClusterRuntime/start(watchdog:)`` (MPI 3.1 §12.4, FUNNELED).
    static func check(_ call: StaticString, _ body: () -> Int32) throws(MPIError) {
        precondition(Activity.isOwnerThread, "\(call) belongs on the thread that started MPI")
        Activity.enter(call)
        let code = body()
        Activity.leave()
        guard code == MPI_SUCCESS else {
            throw MPIError(call: "\(call)", code: code, reason: text(of: code), activity: Activity.current.note)
        }
    }

    /// An element count as MPI takes it.
    static func count(_ count: Int, _ call: StaticString) throws(MPIError) -> Int32 {
        guard let narrow = Int32(exactly: count) else {
            throw MPIError(
                call: "\(call)", code: MPI_ERR_COUNT, reason: "\(count) elements do not fit one message (2^31 - 1)",
                activity: Activity.current.note)
        }
        return narrow
    }

    private static func text(of code: Int32) -> String {
        var bytes = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING) + 1)
        var length: Int32 = 0
        guard MPI_Error_string(code, &bytes, &length) == MPI_SUCCESS, length > 0 else { return "error \(code)" }
        return String(decoding: bytes[..<Int(length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
