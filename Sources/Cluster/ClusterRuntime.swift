internal import COpenMPI
import Glibc

/// MPI in this process: started once, on the thread that will make every MPI call, and finished once.
///
/// Works under `mpirun`, under `srun --mpi=pmix`, and started bare: then the job is one rank.
public final class ClusterRuntime: Sendable {
    /// All ranks of the job.
    public let world: Communicator
    /// The ranks on this node, which share its memory and cores.
    public let node: Communicator
    /// Ranks that nobody watches, and why: no connection could be made. Empty in order.
    public let unwatchedRanks: [Int]
    private let watchdog: Watchdog?

    private init(world: Communicator, node: Communicator, watchdog: Watchdog?, unwatchedRanks: [Int]) {
        self.world = world
        self.node = node
        self.watchdog = watchdog
        self.unwatchedRanks = unwatchedRanks
    }

    /// Starts MPI with thread level FUNNELED. Standard: MPI 3.1 §12.4.3.
    ///
    /// From here on a write beyond the file size limit is an error of the call instead of a signal (SIGXFSZ is
    /// ignored).
    ///
    /// - Parameter watchdog: when a silent rank ends the job.
    /// - Precondition: called once per process.
    /// - Collective: every rank of the job.
    public static func start(watchdog settings: WatchdogSettings = WatchdogSettings()) throws(MPIError)
        -> ClusterRuntime
    {
        Activity.ownThread()
        signal(SIGXFSZ, SIG_IGN)
        prepareEnvironment()
        let wanted = Int32(MPI_THREAD_FUNNELED)
        var granted: Int32 = 0
        try MPI.check("MPI_Init_thread") { MPI_Init_thread(nil, nil, wanted, &granted) }
        guard granted >= wanted else {
            throw MPIError(
                call: "MPI_Init_thread", code: MPI_ERR_OTHER,
                reason: "this MPI has no thread support (level \(granted), FUNNELED is needed)", activity: "start")
        }
        guard let handle = cmpi_comm_world() else {
            throw MPIError(call: "MPI_Init_thread", code: MPI_ERR_COMM, reason: "no world", activity: "start")
        }
        let bare = try Communicator(handle: handle)
        let shared = try bare.splitByNode()
        let place = RankPlace(
            rank: bare.rank, size: bare.size, nodeRank: shared.rank, nodeSize: shared.size, host: hostName())
        let world = try Communicator(handle: handle, place: place)
        let node = try Communicator(handle: shared.handle, place: place)
        let watch = try Watchdog.start(world, settings)
        return ClusterRuntime(
            world: world, node: node, watchdog: watch.watchdog, unwatchedRanks: watch.unwatchedRanks)
    }

    /// Settings that Open MPI reads from the environment when it starts; what the user has set stays.
    private static func prepareEnvironment() {
        // Open MPI before 4.1.7 does not lock what it writes on local disks, and may corrupt collective writes
        // (open-mpi/ompi#12718): lock the ranges.
        setenv("OMPI_MCA_fs_ufs_lock_algorithm", "3", 0)
        // Started bare: one rank that needs no daemon.
        if !isLaunched { setenv("OMPI_MCA_ess_singleton_isolated", "1", 0) }
    }

    /// Whether a launcher started this process.
    private static var isLaunched: Bool {
        getenv("OMPI_COMM_WORLD_SIZE") != nil || getenv("PMIX_RANK") != nil || getenv("PMI_RANK") != nil
    }

    private static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown host" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Tells the watchdog and error messages what this rank is doing: "epoch 3, iteration 12". Rank-local.
    ///
    /// Every note and every MPI call counts as progress; long work between them should note its steps.
    public func note(_ activity: String) { Activity.note(activity) }

    /// Ends MPI. Nothing may be communicated afterwards. Standard: MPI 3.1 §8.7.
    ///
    /// - Collective: every rank of the job; waits for the last one.
    public func finish() throws(MPIError) {
        Activity.note("the end of the job")
        try world.barrier()
        watchdog?.stop()
        try MPI.check("MPI_Finalize") { MPI_Finalize() }
    }

    /// The value of an integer setting of the MPI library; nil when it has none of this name (yet). Rank-local.
    package static func setting(_ name: String) -> Int? {
        var value: Int32 = 0
        return cmpi_control_variable(name, &value) == MPI_SUCCESS ? Int(value) : nil
    }
}
