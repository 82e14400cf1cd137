import Documents
import Foundation
import Synchronization
import Tensors
import Threads

/// Scores the label maps of one folder against those of the same name in another.
public struct FolderComparison: Sendable {
    /// Reads a label map `[D, H, W]`; its errors name the file.
    public typealias LabelReader = @Sendable (_ path: String) throws -> Tensor<Int32>

    public var targets: [EvaluationTarget]
    /// Voxels of the reference with this label count for nothing.
    public var ignoreLabel: Int?
    /// What the names of label maps end with, e.g. `.nii.gz`.
    public var fileEnding: String
    /// Whether references without a prediction are passed over (`--chill`) instead of refused.
    public var allowsMissingPredictions: Bool
    /// At most this many cases at a time, each of which holds two label maps in memory; as many as threads when absent.
    public var caseLimit: Int?
    /// What is done to a prediction before it is scored; nothing by default.
    public var adjustPrediction: @Sendable (_ labels: inout Tensor<Int32>) -> Void = { _ in }
    private let read: LabelReader

    public init(
        targets: [EvaluationTarget], ignoreLabel: Int? = nil, fileEnding: String = ".nii.gz",
        allowsMissingPredictions: Bool = false, caseLimit: Int? = nil, read: @escaping LabelReader
    ) {
        self.targets = targets
        self.ignoreLabel = ignoreLabel
        self.fileEnding = fileEnding
        self.allowsMissingPredictions = allowsMissingPredictions
        self.caseLimit = caseLimit
        self.read = read
    }

    /// Scores every prediction found, all cases in parallel.
    ///
    /// - Parameters:
    ///   - referenceFolder: label maps taken as the truth.
    ///   - predictionFolder: label maps to score; all of them must have a reference.
    ///   - progress: called after each case with the number of cases done and to do, from any thread.
    /// - Returns: cases in the order of their names.
    /// - Throws: ``EvaluationError``, which names the file: the first one's, in the order of names.
    public func run(
        referenceFolder: String, predictionFolder: String,
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(EvaluationError) -> EvaluationSummary {
        guard !targets.isEmpty else { throw .noTargets }
        let predictions = try labelMaps(in: predictionFolder)
        let references = try labelMaps(in: referenceFolder)
        guard !predictions.isEmpty else { throw .noPredictions(folder: predictionFolder, fileEnding: fileEnding) }
        let missing = Set(references).subtracting(predictions).sorted()
        guard missing.isEmpty || allowsMissingPredictions else {
            throw .predictionsMissing(
                names: missing, predictionFolder: predictionFolder, referenceFolder: referenceFolder)
        }
        let unknown = Set(predictions).subtracting(references).sorted()
        guard unknown.isEmpty else {
            throw .referencesMissing(
                names: unknown, predictionFolder: predictionFolder, referenceFolder: referenceFolder)
        }
        let done = Mutex(0)
        let cases = try Threads.map(predictions.count, limit: caseLimit) { (index) throws(EvaluationError) in
            let scored = try compare(
                reference: Self.join(referenceFolder, predictions[index]),
                prediction: Self.join(predictionFolder, predictions[index]))
            done.withLock { count in
                count += 1
                progress(count, predictions.count)
            }
            return scored
        }
        return EvaluationSummary(targets: targets, cases: cases)
    }

    /// Scores one label map against its reference.
    public func compare(reference: String, prediction: String) throws(EvaluationError) -> CaseEvaluation {
        let referenceLabels = try labels(reference)
        var predictedLabels = try labels(prediction)
        guard referenceLabels.shape == predictedLabels.shape else {
            throw .shapesDiffer(
                reference: reference, referenceShape: referenceLabels.shape, prediction: prediction,
                predictionShape: predictedLabels.shape)
        }
        adjustPrediction(&predictedLabels)
        let table = ConfusionTable(
            reference: referenceLabels, prediction: predictedLabels, targets: targets, ignoreLabel: ignoreLabel)
        return CaseEvaluation(
            referenceFile: reference, predictionFile: prediction, counts: targets.map { table.counts(of: $0) })
    }

    private func labels(_ path: String) throws(EvaluationError) -> Tensor<Int32> {
        do { return try read(path) } catch { throw .unreadable(path: path, reason: "\(error)") }
    }

    private func labelMaps(in folder: String) throws(EvaluationError) -> [String] {
        do {
            return try FileAccess.list(folder).filter { $0.hasSuffix(fileEnding) && !$0.hasPrefix(".") }
        } catch {
            throw .file(error)
        }
    }

    static func join(_ folder: String, _ name: String) -> String { (folder as NSString).appendingPathComponent(name) }
}
