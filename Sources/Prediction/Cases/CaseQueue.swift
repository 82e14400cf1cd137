import Datasets
import Documents

/// How far a rank is with its share of the cases.
public struct PredictionProgress: Sendable, Equatable {
    public let identifier: String
    /// Cases finished by this rank before this one, and cases of this rank.
    public let caseIndex: Int
    public let caseCount: Int
    /// Patches of this case that are done, and all of them.
    public let patchesDone: Int
    public let patchCount: Int
}

/// The cases of one rank: every `size`-th of all, from its own number on.
public struct CaseQueue: Sendable {
    /// Cases of this rank, in order.
    public let identifiers: [String]

    /// - Precondition: `0 ≤ rank < size`.
    public init(_ identifiers: [String], rank: Int = 0, size: Int = 1) {
        precondition(rank >= 0 && rank < size, "rank \(rank) of \(size)")
        self.identifiers = stride(from: rank, to: identifiers.count, by: size).map { identifiers[$0] }
    }

    /// Predicts and writes every case; one that fails does not keep the others from being predicted.
    ///
    /// - Parameters:
    ///   - files: where the results go.
    ///   - progress: called after every patch.
    ///   - predict: predicts the case of this name and reports its patches.
    /// - Returns: the cases that failed, with their reasons. The ranks have to tell each other.
    /// - Collective: none; every rank works by itself.
    public func run(
        into files: PredictionFiles, progress: @escaping (PredictionProgress) -> Void = { _ in },
        predict: (_ identifier: String, _ patches: (_ done: Int, _ total: Int) -> Void) throws -> CasePrediction
    ) -> [CaseFailure] {
        var failures: [CaseFailure] = []
        for (index, identifier) in identifiers.enumerated() {
            do {
                let prediction = try predict(identifier) { done, total in
                    progress(
                        PredictionProgress(
                            identifier: identifier, caseIndex: index, caseCount: identifiers.count, patchesDone: done,
                            patchCount: total))
                }
                try files.write(prediction, identifier: identifier)
            } catch DatasetError.caseFailed(_, let reason) {
                failures.append(CaseFailure(identifier: identifier, reason: reason))
            } catch {
                failures.append(CaseFailure(identifier: identifier, reason: "\(error)"))
            }
        }
        return failures
    }
}
