import Kernels
import Networks
import Objectives
import Reporting
import Tensors
import Training

/// A subject's engine and precision beside the reference engine in fp32: the same network, weights and samples.
///
/// A difference is the largest one of a tensor over the reference's largest value. The gradient is that of the whole
/// objective, parameter by parameter (a tensor whose values are all below a thousandth of the whole gradient's is
/// measured against that thousandth); biases in front of a norm change nothing and are left out.
public struct EngineComparison: Sendable, Equatable {
    /// How far the engine may be from the reference.
    public struct Limits: Sendable, Equatable {
        public let logits: Double
        public let gradient: Double

        /// Sums in another order in fp32; in bf16, rounding to 8 bits after every layer.
        public static func of(_ precision: Precision) -> Limits {
            switch precision {
            case .fp32: Limits(logits: 1e-4, gradient: 1e-3)
            case .bf16: Limits(logits: 0.05, gradient: 0.2)
            }
        }
    }

    public let patchSize: [Int]
    public let sampleCount: Int
    /// Why the patch is not the subject's own, if it is not.
    public let reasonForPatch: String?
    public let limits: Limits
    /// The largest of all supervised levels.
    public let logitDifference: Double
    /// The largest of all parameters, and whose it is; nil where only the forward pass was compared.
    public let gradientDifference: Double?
    public let worstParameter: String?

    package init(
        patchSize: [Int], sampleCount: Int, reasonForPatch: String?, limits: Limits, logitDifference: Double,
        gradientDifference: Double?, worstParameter: String?
    ) {
        self.patchSize = patchSize
        self.sampleCount = sampleCount
        self.reasonForPatch = reasonForPatch
        self.limits = limits
        self.logitDifference = logitDifference
        self.gradientDifference = gradientDifference
        self.worstParameter = worstParameter
    }

    public var isWithinLimits: Bool {
        // A difference that is no number is not within anything.
        logitDifference <= limits.logits && (gradientDifference.map { $0 <= limits.gradient } ?? true)
    }

    /// One sentence.
    public var text: String {
        let samples = "\(sampleCount) sample\(sampleCount == 1 ? "" : "s") of \(ReportText.size(patchSize))"
        var text = "logits differ by \(Self.text(logitDifference)) of the largest (limit \(limits.logits))"
        if let gradientDifference, let worstParameter {
            text += ", gradients by \(Self.text(gradientDifference)) (limit \(limits.gradient); \(worstParameter))"
        }
        return text + ", on \(samples)" + (reasonForPatch.map { ", \($0)" } ?? "")
    }

    private static func text(_ difference: Double) -> String { ReportText.significant(difference, digits: 2) }
}

extension EngineComparison {
    /// Operations that the reference may take: about ten seconds on two cores.
    private static let operationLimit = 360_000_000_000
    private static let seed: UInt64 = 17

    /// Compares both on as many samples of a micro-batch as the reference can do in about ten seconds.
    ///
    /// - Throws: ``KernelError`` when an engine cannot compile the network.
    public static func run(
        _ subject: BenchmarkSubject, purpose: SessionPurpose
    ) throws(KernelError) -> EngineComparison {
        let settings = subject.settings
        let (patchSize, sampleCount, reason) = affordable(subject)
        let tested = try Sample(settings, settings.engine, settings.precision, patchSize, sampleCount, purpose)
        let reference = try Sample(settings, .openBLAS, .fp32, patchSize, sampleCount, purpose)
        let logitDifferences = zip(tested.logits, reference.logits).map { difference($0[...], $1[...]) }
        var worst: (difference: Double, name: String)?
        if let own = tested.gradient, let right = reference.gradient {
            let floor = Double(right.reduce(0) { max($0, abs($1)) }) / 1000
            for entry in settings.architecture.parameterLayout.entries where entry.role != .convolutionBias {
                let found = difference(own[entry.range], right[entry.range], leastScale: floor)
                if worst.map({ larger($0.difference, found) != $0.difference }) ?? true { worst = (found, entry.name) }
            }
        }
        return EngineComparison(
            patchSize: patchSize, sampleCount: sampleCount, reasonForPatch: reason, limits: .of(settings.precision),
            logitDifference: logitDifferences.reduce(0, larger), gradientDifference: worst?.difference,
            worstParameter: worst?.name)
    }

    /// The patch and the samples that are compared, and why the patch is not the subject's if it is not.
    ///
    /// A patch that costs the reference too much is halved along its longest axes. One whose lowest level has two or
    /// three voxels is doubled along its shortest: a norm over so few leaves little of a gradient but rounding.
    package static func affordable(
        _ subject: BenchmarkSubject
    ) -> (patchSize: [Int], sampleCount: Int, reason: String?) {
        let architecture = subject.settings.architecture
        let divisors = architecture.downsampling[architecture.levelCount - 1]
        func operations(_ patchSize: [Int]) -> Int {
            NetworkConvolutions.operationCount(
                of: architecture, batchSize: 1, patchSize: patchSize,
                supervisedLevelCount: subject.settings.loss.levelWeights.count)
        }
        var patchSize = subject.patchSize
        var reason: String?
        while operations(patchSize) > operationLimit {
            let axes = (0..<3).filter { patchSize[$0] % (2 * divisors[$0]) == 0 }
            guard let axis = axes.max(by: { patchSize[$0] < patchSize[$1] }) else { break }
            patchSize[axis] /= 2
            reason = "a patch cut down because the reference is slow"
        }
        while (2...3).contains(zip(patchSize, divisors).map({ $0 / $1 }).reduce(1, *)) {
            guard let axis = (0..<3).min(by: { patchSize[$0] < patchSize[$1] }) else { break }
            patchSize[axis] *= 2
            reason = "a larger patch because a norm over two or three voxels has hardly a gradient"
        }
        return (patchSize, max(1, min(subject.microBatchSize, operationLimit / operations(patchSize))), reason)
    }

    /// The largest difference over the largest value of `right`, or over `leastScale` if that is larger; NaN and
    /// infinity show.
    package static func difference(
        _ left: ArraySlice<Float>, _ right: ArraySlice<Float>, leastScale: Double = 0
    ) -> Double {
        var (most, scale) = (0.0, leastScale)
        for (a, b) in zip(left, right) {
            most = larger(most, Double(abs(a - b)))
            scale = larger(scale, Double(abs(b)))
        }
        return most == 0 ? 0 : most / scale
    }

    /// The larger of two; NaN if one is.
    private static func larger(_ a: Double, _ b: Double) -> Double { a.isNaN || a > b ? a : b }

    /// What one engine makes of the samples.
    private struct Sample {
        /// By level, highest resolution first.
        var logits: [[Float]] = []
        var gradient: [Float]?

        init(
            _ settings: StepSettings, _ engine: Engine, _ precision: Precision, _ patchSize: [Int], _ sampleCount: Int,
            _ purpose: SessionPurpose
        ) throws(KernelError) {
            let (architecture, loss) = (settings.architecture, settings.loss)
            let batch = SyntheticBatch(
                sampleCount: sampleCount, channelCount: architecture.inputChannelCount, patchSize: patchSize,
                labelCount: architecture.headCount, seed: EngineComparison.seed)
            // The session reads the images until its backward pass has ended.
            defer { withExtendedLifetime(batch) {} }
            let session = try Session(
                architecture: architecture, batchSize: sampleCount, patchSize: patchSize, purpose: purpose,
                engine: engine, precision: precision, supervisedLevelCount: loss.levelWeights.count)
            session.load(weights: Self.weights(of: architecture))
            session.forward(batch.images.pointer)
            for (level, size) in session.logitSizes.enumerated() {
                let count = sampleCount * architecture.headCount * size.reduce(1, *)
                logits.append(Array(UnsafeBufferPointer(start: session.logits(level: level), count: count)))
            }
            guard purpose == .training else { return }
            let objective = DeepSupervisionLoss(description: loss, batchSize: sampleCount, sizes: session.logitSizes)
            objective.targets.fill(from: batch.labels.pointer)
            _ = objective.measure(session)
            objective.differentiate(
                session,
                BatchNormalization(
                    sampleCount: sampleCount,
                    validVoxelCounts: session.logitSizes.map { sampleCount * $0.reduce(1, *) }))
            let gradient = AlignedBuffer<Float>(count: architecture.parameterLayout.scalarCount)
            session.backward(into: gradient.pointer)
            self.gradient = gradient.array
        }

        /// Fresh weights whose norms shift their results, by turns up and down: hardly a value lies near 0, where
        /// LeakyReLU bends and a rounding turns into another derivative.
        private static func weights(of architecture: UNetArchitecture) -> AlignedBuffer<Float> {
            let weights = architecture.initialWeights(seed: EngineComparison.seed)
            for entry in architecture.parameterLayout.entries {
                for (channel, scalar) in entry.range.enumerated() {
                    switch entry.role {
                    case .normShift: weights.pointer[scalar] = channel % 2 == 0 ? 4 : -4
                    // At 0 a residual block's convolutions would count for nothing.
                    case .lastNormScale: weights.pointer[scalar] = 1
                    default: break
                    }
                }
            }
            return weights
        }
    }
}
