import Foundation

/// Where reports take the time from; tests bring their own.
public struct ReportClock: Sendable {
    /// The wall clock, for the logs.
    public var localTime: @Sendable () -> LocalTime
    /// Seconds since some moment; only grows, for intervals.
    public var seconds: @Sendable () -> Double

    public init(localTime: @escaping @Sendable () -> LocalTime, seconds: @escaping @Sendable () -> Double) {
        self.localTime = localTime
        self.seconds = seconds
    }

    public static let system = ReportClock(
        localTime: { .now },
        seconds: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        })
}
