/// The spread of measured times.
public struct TimeStatistics: Sendable, Equatable {
    /// In the order in which they were measured.
    public let seconds: [Double]

    /// - Precondition: at least one time.
    public init(_ seconds: [Double]) {
        precondition(!seconds.isEmpty, "statistics of no times")
        self.seconds = seconds
    }

    public var median: Double { quantile(0.5) }
    public var p10: Double { quantile(0.1) }
    public var p90: Double { quantile(0.9) }
    public var total: Double { seconds.reduce(0, +) }

    /// The value below which a share of the times lies, on the line between its neighbors.
    ///
    /// - Precondition: `0 ≤ share ≤ 1`.
    public func quantile(_ share: Double) -> Double {
        precondition((0...1).contains(share), "a quantile at \(share)")
        let sorted = seconds.sorted()
        let place = share * Double(sorted.count - 1)
        let lower = Int(place)
        let upper = min(lower + 1, sorted.count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (place - Double(lower))
    }

    /// Times `body`, once for every repetition.
    static func measuring<Failure>(
        _ repetitionCount: Int, _ body: () throws(Failure) -> Void
    ) throws(Failure) -> TimeStatistics {
        var seconds: [Double] = []
        for _ in 0..<repetitionCount {
            let start = ContinuousClock.now
            try body()
            seconds.append(start.duration(to: .now) / .seconds(1))
        }
        return TimeStatistics(seconds)
    }
}
