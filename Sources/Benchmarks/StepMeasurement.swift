import Documents
import Kernels
import Reporting

/// What a ``StepBenchmark`` found.
public struct StepMeasurement: Sendable {
    public let subject: BenchmarkSubject
    /// Of whole steps.
    public let times: TimeStatistics
    /// Floating-point operations of a step by the peer's count,
    /// ``NetworkConvolutions/operationCount(of:batchSize:patchSize:supervisedLevelCount:)``.
    public let operationCount: Int
    /// Operations per second that all threads reach on registers, in the subject's precision.
    public let peakRate: Double
    /// Bytes per second, ``MachineLimits/memoryBandwidth()``.
    public let memoryBandwidth: Double
    public let convolutions: ConvolutionTimes
    /// The most memory of the process during the steps.
    public let residentBytes: Int
    /// Seconds per step and kind of work, in the order of a report.
    public let profile: [(kind: StepProfile.Kind, seconds: Double)]
    public let comparison: EngineComparison
    public let threadCount: Int

    /// Operations per second of the median step.
    public var rate: Double { Double(operationCount) / times.median }

    /// Operations per second of the convolutions alone.
    public var convolutionRate: Double { Double(operationCount) / convolutions.total }
}

extension StepMeasurement {
    public var json: JSONValue {
        let settings = subject.settings
        var kinds = JSONObject()
        for (kind, seconds) in profile { kinds["\(kind)"] = .real(seconds) }
        return [
            "network": .string(subject.network.rawValue), "patchSize": .integers(subject.patchSize),
            "batchSize": .integer(subject.batchSize), "microBatchSize": .integer(subject.microBatchSize),
            "precision": .string(settings.precision.rawValue), "engine": .string(settings.engine.rawValue),
            "threads": .integer(threadCount), "iterations": .integer(times.seconds.count),
            "medianSeconds": .real(times.median), "p10Seconds": .real(times.p10), "p90Seconds": .real(times.p90),
            "gflop": .real(Double(operationCount) / 1e9), "gflopPerSecond": .real(rate / 1e9),
            "fmaPeakGflopPerSecond": .real(peakRate / 1e9), "shareOfPeak": .real(rate / peakRate),
            "memoryGigabytesPerSecond": .real(memoryBandwidth / 1e9),
            "convolutionSeconds": .real(convolutions.total),
            "convolutionForwardSeconds": .real(convolutions.forward),
            "convolutionBackwardDataSeconds": .real(convolutions.backwardData),
            "convolutionBackwardWeightsSeconds": .real(convolutions.backwardWeights),
            "convolutionShareOfPeak": .real(convolutionRate / peakRate),
            "stepOverConvolutions": .real(times.median / convolutions.total),
            "residentBytes": .integer(residentBytes), "profileSeconds": .object(kinds),
            "logitDifference": .real(comparison.logitDifference),
            "gradientDifference": comparison.gradientDifference.map { .real($0) } ?? .null,
            "versions": BenchmarkVersions.json,
        ]
    }

    /// For people: title, figures, profile.
    public var text: String {
        let settings = subject.settings
        let title =
            "\(subject.network.rawValue): \(subject.batchSize) × \(ReportText.size(subject.patchSize)), micro-batches "
            + "of up to \(subject.microBatchSize), \(settings.precision.rawValue), \(settings.engine.rawValue), "
            + "\(threadCount) thread\(threadCount == 1 ? "" : "s")"
        let figures: [(String, String)] = [
            ("verified", comparison.text),
            (
                "step",
                "median \(ReportText.seconds(times.median)), p10 \(ReportText.seconds(times.p10)), p90 "
                    + "\(ReportText.seconds(times.p90)), \(times.seconds.count) steps"
            ),
            ("work", "\(Self.rounded(Double(operationCount) / 1e9)) GFLOP, \(Self.rounded(rate / 1e9)) GFLOP/s"),
            (
                "peak of the cores",
                "\(Self.rounded(peakRate / 1e9)) GFLOP/s; the step reaches \(ReportText.percent(rate / peakRate))"
            ),
            ("memory", "\(Self.rounded(memoryBandwidth / 1e9)) GB/s"),
            (
                "convolutions alone",
                "\(ReportText.seconds(convolutions.total)) (forward \(ReportText.seconds(convolutions.forward)), data "
                    + "\(ReportText.seconds(convolutions.backwardData)), weights "
                    + "\(ReportText.seconds(convolutions.backwardWeights))), "
                    + "\(ReportText.percent(convolutionRate / peakRate)) of the peak"
            ),
            ("step / convolutions", ReportText.fixed(times.median / convolutions.total, decimals: 3)),
            ("resident memory", "\(ReportText.fixed(Double(residentBytes) / 1e9, decimals: 2)) GB"),
        ]
        let total = profile.reduce(0) { $0 + $1.seconds }
        let parts = profile.filter { $0.seconds > 0 }.map { kind, seconds in
            (kind.name, ReportText.seconds(seconds) + "   " + ReportText.percent(seconds / total))
        }
        return
            ([title, ""] + BenchmarkTable.lines(figures) + ["", "mean step by kind of work"]
            + BenchmarkTable.lines(parts) + [""] + BenchmarkTable.lines(BenchmarkVersions.rows)).joined(separator: "\n")
    }

    private static func rounded(_ value: Double) -> String { ReportText.fixed(value, decimals: value < 10 ? 2 : 0) }
}
