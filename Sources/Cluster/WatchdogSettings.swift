/// When the watchdog ends the job.
public struct WatchdogSettings: Sendable, Equatable {
    /// A process that gives no sign of life for so long is stalled (stopped, or its node is gone).
    public var silenceSeconds: Double
    /// A rank whose own work shows no progress (no note, no MPI call) for so long is stalled, and so are all ranks when
    /// each waits for another for so long; nil: never.
    public var stallSeconds: Double?
    /// Off: nobody is watched.
    public var isOn: Bool

    /// - Precondition: times above 0.
    public init(silenceSeconds: Double = 30, stallSeconds: Double? = 3600, isOn: Bool = true) {
        precondition(silenceSeconds > 0 && (stallSeconds ?? 1) > 0, "a watchdog needs times above 0 s")
        self.silenceSeconds = silenceSeconds
        self.stallSeconds = stallSeconds
        self.isOn = isOn
    }

    /// Time between two signs of life.
    var tickSeconds: Double { min(1, max(0.1, min(silenceSeconds, stallSeconds ?? silenceSeconds) / 6)) }
}
