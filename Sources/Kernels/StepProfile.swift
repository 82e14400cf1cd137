/// Where the time of a step goes, by kind of work; sessions and steps write into one only where they are given one.
///
/// Measurements nest: the time of an inner one belongs to its own kind and not to that around it, so the kinds add up
/// to the time of the outermost measurement. One costs two looks at the clock.
///
/// Used by one thread at a time.
public final class StepProfile {
    public enum Kind: Int, Sendable, CaseIterable {
        case convolutionForward, convolutionBackwardData, convolutionBackwardWeights, normForward, normBackward, heads,
            loss, gradientSum, optimizer, weightPacking, other

        /// As a report calls it.
        public var name: String {
            switch self {
            case .convolutionForward: "convolution forward"
            case .convolutionBackwardData: "convolution backward data"
            case .convolutionBackwardWeights: "convolution backward weights"
            case .normForward: "norm forward"
            case .normBackward: "norm backward"
            case .heads: "heads"
            case .loss: "loss"
            case .gradientSum: "gradient sum"
            case .optimizer: "optimizer"
            case .weightPacking: "weight packing"
            case .other: "other"
            }
        }
    }

    private var times = [Double](repeating: 0, count: Kind.allCases.count)
    /// Time of the measurements that ended inside the one that is open.
    private var inner = 0.0

    public init() {}

    /// Seconds since the start or the last ``reset()``.
    public func seconds(_ kind: Kind) -> Double { times[kind.rawValue] }

    /// Forgets all times.
    ///
    /// - Precondition: no measurement is open.
    public func reset() {
        for kind in times.indices { times[kind] = 0 }
        inner = 0
    }

    fileprivate func measure<Result, Failure>(
        _ kind: Kind, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let innerBefore = inner
        inner = 0
        let start = ContinuousClock.now
        defer {
            let seconds = start.duration(to: .now) / .seconds(1)
            times[kind.rawValue] += seconds - inner
            inner = innerBefore + seconds
        }
        return try body()
    }
}

extension StepProfile? {
    /// Runs `body`; where there is a profile, its time goes there.
    public func measure<Result, Failure>(
        _ kind: StepProfile.Kind, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let profile = self else { return try body() }
        return try profile.measure(kind, body)
    }
}
