import Cluster
import Kernels
import Networks
import Objectives
import Tensors
import Threads
import Training

/// Times whole optimizer steps as training runs them, on synthetic patches, beside what the machine can do at best.
public struct StepBenchmark {
    public let subject: BenchmarkSubject
    /// Steps that are timed, after one that is not.
    public let iterationCount: Int
    private let communicator: Communicator

    /// - Parameter iterationCount: steps that are timed.
    /// - Throws: ``BenchmarkError/needsOneRank(_:)``.
    /// - Precondition: `iterationCount ≥ 1`.
    public init(
        _ subject: BenchmarkSubject, iterationCount: Int, communicator: Communicator
    ) throws(BenchmarkError) {
        precondition(iterationCount >= 1, "a benchmark of \(iterationCount) steps")
        guard communicator.size == 1 else { throw .needsOneRank(communicator.size) }
        self.subject = subject
        self.iterationCount = iterationCount
        self.communicator = communicator
    }

    /// Compares the engine with the reference, then times.
    ///
    /// - Parameter note: gets what is being done, before it is done.
    /// - Throws: ``BenchmarkError`` when the engine does not agree with the reference or a step is not finite, and
    ///   ``KernelError``.
    public func run(note: (String) -> Void) throws -> StepMeasurement {
        note("comparing with the reference engine")
        let comparison = try EngineComparison.run(subject, purpose: .training)
        guard comparison.isWithinLimits else { throw BenchmarkError.disagreement(comparison.text) }
        note("measuring the peak of the cores")
        let peakBefore = peakRate()
        ResidentMemory.forgetPeak()
        let profile = StepProfile()
        let times = try timeSteps(profile, note)
        let residentBytes = ResidentMemory.peak
        note("measuring the peak of the cores, the memory and the convolutions alone")
        let peakAfter = peakRate()
        let bandwidth = MachineLimits.memoryBandwidth()
        let convolutions = try ConvolutionTimes.measure(subject)
        return StepMeasurement(
            subject: subject, times: times,
            operationCount: NetworkConvolutions.operationCount(
                of: subject.settings.architecture, batchSize: subject.batchSize, patchSize: subject.patchSize,
                supervisedLevelCount: subject.settings.loss.levelWeights.count),
            peakRate: max(peakBefore, peakAfter), memoryBandwidth: bandwidth, convolutions: convolutions,
            residentBytes: residentBytes,
            profile: StepProfile.Kind.allCases.map { ($0, profile.seconds($0) / Double(iterationCount)) },
            comparison: comparison, threadCount: Threads.count)
    }

    /// Operations per second in the subject's precision. Where the CPU has no bfloat16, that of float32.
    private func peakRate() -> Double {
        let rate = subject.settings.precision == .bf16 ? MachineLimits.bfloat16Rate() : nil
        return rate ?? MachineLimits.multiplyAddRate()
    }

    private func timeSteps(_ profile: StepProfile, _ note: (String) -> Void) throws -> TimeStatistics {
        let architecture = subject.settings.architecture
        let batch = SyntheticBatch(
            sampleCount: subject.batchSize, channelCount: architecture.inputChannelCount, patchSize: subject.patchSize,
            labelCount: architecture.headCount, seed: 1)
        let step = TrainingStep(
            subject.settings, weights: architecture.initialWeights(seed: 1), communicator: communicator,
            profile: profile)
        let share = step.share(patchSize: subject.patchSize, batchSize: subject.batchSize)
        func take(_ iteration: Int) throws {
            let outcome = try step.run(
                share, images: batch.images.pointer, labels: batch.labels.pointer,
                rate: NesterovOptimizer.initialRate, isFirst: iteration == 0)
            if case .notFinite(let what, _) = outcome { throw BenchmarkError.notFinite(what, iteration: iteration) }
        }
        note("the first step, which is not timed")
        try take(0)
        profile.reset()
        var iteration = 0
        return try TimeStatistics.measuring(iterationCount) {
            iteration += 1
            note("step \(iteration) of \(iterationCount)")
            try take(iteration)
        }
    }
}
