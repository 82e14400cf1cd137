import Datasets
import Documents
import Kernels
import Networks
import Prediction
import Reporting
import Tensors
import Threads

/// Times the sliding window over a synthetic image, from its voxels to its label map; no file is read or written.
public struct PredictionBenchmark {
    public let subject: BenchmarkSubject
    /// Voxels of the image, `[D, H, W]`.
    public let imageSize: [Int]
    public let window: SlidingWindow
    /// Axes along which patches are mirrored too.
    public let mirrorAxes: [Int]
    /// Images that are timed.
    public let iterationCount: Int

    /// - Parameters:
    ///   - subject: its batch plays no part; patches run one by one.
    ///   - imageSize: twice the patch along every axis when absent.
    ///   - mirrorAxes: axes along which patches are mirrored too.
    /// - Throws: ``BenchmarkError`` or ``PredictionError`` when a number is out of range.
    public init(
        _ subject: BenchmarkSubject, imageSize: [Int]? = nil, stepSize: Double = 0.5, mirrorAxes: [Int] = [0, 1, 2],
        iterationCount: Int = 3
    ) throws {
        precondition(iterationCount >= 1, "a benchmark of \(iterationCount) images")
        let imageSize = imageSize ?? subject.patchSize.map { 2 * $0 }
        guard imageSize.count == 3, imageSize.allSatisfy({ $0 >= 1 }) else { throw BenchmarkError.imageSize(imageSize) }
        self.subject = subject
        self.imageSize = imageSize
        self.mirrorAxes = mirrorAxes
        self.iterationCount = iterationCount
        window = try SlidingWindow(imageShape: imageSize, patchSize: subject.patchSize, stepSize: stepSize)
    }

    /// Compares the engine with the reference, then times.
    ///
    /// - Parameter note: gets what is being done, before it is done.
    /// - Throws: ``BenchmarkError/disagreement(_:)``, ``KernelError``, ``PredictionError``.
    public func run(note: (String) -> Void) throws -> PredictionMeasurement {
        note("comparing with the reference engine")
        let comparison = try EngineComparison.run(subject, purpose: .inference)
        guard comparison.isWithinLimits else { throw BenchmarkError.disagreement(comparison.text) }
        let settings = subject.settings
        ResidentMemory.forgetPeak()
        let image = SyntheticBatch(
            sampleCount: 1, channelCount: settings.architecture.inputChannelCount, patchSize: imageSize,
            labelCount: settings.architecture.headCount, seed: 1
        ).images
        let network = SessionNetwork(
            session: try Session(
                architecture: settings.architecture, batchSize: 1, patchSize: subject.patchSize, purpose: .inference,
                engine: settings.engine, precision: settings.precision),
            members: [settings.architecture.initialWeights(seed: 1)])
        note("the first patch, which is not timed")
        network.useMember(0)
        let patch = AlignedBuffer<Float>(
            count: settings.architecture.inputChannelCount * subject.patchSize.reduce(1, *))
        _ = network.logits(patch.pointer)
        var iteration = 0
        let times = try TimeStatistics.measuring(iterationCount) {
            iteration += 1
            note("image \(iteration) of \(iterationCount)")
            try predict(image, network)
        }
        return PredictionMeasurement(
            subject: subject, imageSize: imageSize,
            patchCount: inference.patchCount(memberCount: 1), passCount: inference.mirrorings.count, times: times,
            residentBytes: ResidentMemory.peak, comparison: comparison, threadCount: Threads.count)
    }

    private var inference: TiledInference { TiledInference(window: window, mirrorAxes: mirrorAxes) }

    /// All the way to the label map, on the image's own grid.
    private func predict(_ image: AlignedBuffer<Float>, _ network: SessionNetwork) throws {
        let decoder = CaseDecoder(
            sourceShape: imageSize,
            grid: OriginalGrid(
                shapeBeforeCropping: imageSize, cropLower: [0, 0, 0], cropShape: imageSize, spacing: [1, 1, 1],
                transposeForward: [0, 1, 2]),
            currentSpacing: [1, 1, 1], rule: ResamplingRule(order: .linear),
            labelManager: LabelManager(allLabels: Array(0..<subject.settings.architecture.headCount)))
        try inference.run(image: UnsafeBufferPointer(image.elements), network: network, receive: decoder.receive)
        _ = decoder.finish()
    }
}

/// What a ``PredictionBenchmark`` found.
public struct PredictionMeasurement: Sendable {
    public let subject: BenchmarkSubject
    public let imageSize: [Int]
    /// Patches that ran through the network for one image, and how often each place was run in other mirrorings.
    public let patchCount: Int
    public let passCount: Int
    /// Of whole images.
    public let times: TimeStatistics
    /// The most memory of the process while predicting.
    public let residentBytes: Int
    public let comparison: EngineComparison
    public let threadCount: Int

    private var voxelsPerSecond: Double { Double(imageSize.reduce(1, *)) / times.median }

    public var json: JSONValue {
        let settings = subject.settings
        return [
            "network": .string(subject.network.rawValue), "patchSize": .integers(subject.patchSize),
            "imageSize": .integers(imageSize), "patches": .integer(patchCount), "passes": .integer(passCount),
            "precision": .string(settings.precision.rawValue), "engine": .string(settings.engine.rawValue),
            "threads": .integer(threadCount), "iterations": .integer(times.seconds.count),
            "medianSeconds": .real(times.median), "p10Seconds": .real(times.p10), "p90Seconds": .real(times.p90),
            "voxelsPerSecond": .real(voxelsPerSecond), "patchSeconds": .real(times.median / Double(patchCount)),
            "residentBytes": .integer(residentBytes), "logitDifference": .real(comparison.logitDifference),
            "versions": BenchmarkVersions.json,
        ]
    }

    /// For people.
    public var text: String {
        let settings = subject.settings
        let title =
            "\(subject.network.rawValue): an image of \(ReportText.size(imageSize)) in patches of "
            + "\(ReportText.size(subject.patchSize)), \(settings.precision.rawValue), \(settings.engine.rawValue), "
            + "\(threadCount) thread\(threadCount == 1 ? "" : "s")"
        let rows = [
            ("verified", comparison.text),
            (
                "image",
                "median \(ReportText.seconds(times.median)), p10 \(ReportText.seconds(times.p10)), p90 "
                    + "\(ReportText.seconds(times.p90)), \(times.seconds.count) images"
            ),
            (
                "patches",
                "\(patchCount), \(passCount) pass\(passCount == 1 ? "" : "es") each, "
                    + "\(ReportText.seconds(times.median / Double(patchCount))) per patch and pass"
            ),
            ("voxels per second", ReportText.grouped(Int(voxelsPerSecond))),
            ("resident memory", "\(ReportText.fixed(Double(residentBytes) / 1e9, decimals: 2)) GB"),
        ]
        return ([title, ""] + BenchmarkTable.lines(rows) + [""] + BenchmarkTable.lines(BenchmarkVersions.rows))
            .joined(separator: "\n")
    }
}
