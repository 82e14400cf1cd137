internal import COpenMPI
import Glibc

/// A group of ranks that talk to each other.
///
/// All methods are collective unless they say otherwise: every rank of the group calls them in the same order, from the
/// thread that started MPI. An ``MPIError`` cannot be repaired: whoever catches it at the top calls ``abort(_:code:)``.
///
/// Safety: immutable; the calls themselves are bound to one thread by a precondition (``MPI/check(_:_:)``).
public final class Communicator: @unchecked Sendable {
    let handle: OpaquePointer
    /// Place in this group, from 0.
    public let rank: Int
    /// Ranks in this group.
    public let size: Int
    /// Where this process stands in the whole job.
    public let place: RankPlace

    init(handle: OpaquePointer, place: RankPlace? = nil) throws(MPIError) {
        var rank: Int32 = 0
        var size: Int32 = 0
        try MPI.check("MPI_Comm_set_errhandler") { cmpi_return_errors(handle) }
        try MPI.check("MPI_Comm_rank") { MPI_Comm_rank(handle, &rank) }
        try MPI.check("MPI_Comm_size") { MPI_Comm_size(handle, &size) }
        self.handle = handle
        self.rank = Int(rank)
        self.size = Int(size)
        self.place = place ?? RankPlace(rank: Int(rank), size: Int(size), nodeRank: 0, nodeSize: 1, host: "")
    }

    /// True on the rank that schedules, writes and prints.
    public var isRoot: Bool { rank == 0 }

    /// Ranks of the whole job on this node, and this rank's place among them.
    public var nodeLocalSize: Int { place.nodeSize }
    public var nodeLocalRank: Int { place.nodeRank }

    /// The communicator as Fortran's integer, which another C module can turn back into its own type.
    package var fortranHandle: Int32 { MPI_Comm_c2f(handle) }

    /// Waits until every rank has called this. Standard: MPI 3.1 §5.3.
    public func barrier() throws(MPIError) {
        try MPI.check("MPI_Barrier") { MPI_Barrier(handle) }
    }

    /// Parts the group: ranks with the same color form a new group, ordered by key. Standard: MPI 3.1 §6.4.2.
    ///
    /// - Precondition: `color ≥ 0`.
    public func split(color: Int, key: Int) throws(MPIError) -> Communicator {
        precondition(color >= 0, "the color \(color) of a split is negative")
        var part: OpaquePointer?
        let color = try MPI.count(color, "MPI_Comm_split")
        let key = try MPI.count(key, "MPI_Comm_split")
        try MPI.check("MPI_Comm_split") { MPI_Comm_split(handle, color, key, &part) }
        return try Self.made(part, "MPI_Comm_split", place)
    }

    /// The ranks of this group that share memory with this rank. Standard: MPI 3.1 §6.4.2.
    func splitByNode() throws(MPIError) -> Communicator {
        var part: OpaquePointer?
        let key = Int32(rank)
        try MPI.check("MPI_Comm_split_type") { cmpi_split_by_node(handle, key, &part) }
        return try Self.made(part, "MPI_Comm_split_type", place)
    }

    private static func made(_ handle: OpaquePointer?, _ call: String, _ place: RankPlace) throws(MPIError)
        -> Communicator
    {
        guard let handle else {
            throw MPIError(
                call: call, code: MPI_ERR_COMM, reason: "no group came back", activity: Activity.current.note)
        }
        return try Communicator(handle: handle, place: place)
    }

    /// Ends the whole job: prints `[rank r/n] message` on standard error and stops every rank. Rank-local.
    ///
    /// Standard: MPI 3.1 §8.7.
    public func abort(_ message: String, code: Int32 = 1) -> Never {
        fflush(nil)
        place.say(message)
        Watchdog.announceAbort()
        // MPI_Abort may be called on this thread only; elsewhere, ending the process makes the launcher end the job.
        if Activity.isOwnerThread { MPI_Abort(cmpi_comm_world(), code) }
        _exit(code)
    }
}

/// Where a process stands in the whole job.
public struct RankPlace: Sendable, Equatable {
    /// Rank in the job, from 0, and ranks in the job.
    public let rank: Int
    public let size: Int
    /// Place among the ranks of this node, and their number.
    public let nodeRank: Int
    public let nodeSize: Int
    public let host: String

    /// `[rank 2/4]`, the mark in front of a message.
    public var mark: String { "[rank \(rank)/\(size)]" }

    /// Writes one line to standard error in one piece.
    func say(_ message: String) {
        let line = Array("\(mark) \(message)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
