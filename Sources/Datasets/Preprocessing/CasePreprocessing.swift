import Synchronization
import Threads

/// Preprocesses all training cases of a dataset into a ``CaseStore``.
public enum CasePreprocessing {
    /// Preprocesses the cases several at a time; the store appears when all are done.
    ///
    /// - Parameters:
    ///   - limit: at most this many cases in memory at a time.
    ///   - progress: called after each case, from several threads but one at a time.
    /// - Throws: ``DatasetError``; names the case that failed, and nothing half-written remains.
    public static func run(
        _ dataset: RawDataset, plans: Plans, configuration: Configuration, to folder: String, limit: Int? = nil,
        progress: (@Sendable (DatasetProgress) -> Void)? = nil
    ) throws(DatasetError) -> CaseStore {
        let preprocessor = try Preprocessor(
            plans: plans, configuration: configuration, description: dataset.description)
        let writer = try CaseStoreWriter(folder: folder)
        let cases = dataset.cases
        let counter = ProgressCounter(.preprocessing, total: cases.count, report: progress)
        let hasFailed = Atomic(false)
        do throws(DatasetError) {
            let failures = Threads.map(cases.count, limit: limit) { (index) throws(Never) -> DatasetError? in
                // After the first failure the remaining cases are pointless.
                if hasFailed.load(ordering: .relaxed) { return nil }
                do throws(DatasetError) {
                    try prepare(cases[index], with: preprocessor, dataset: dataset, writer: writer)
                    counter.finished(cases[index].identifier)
                    return nil
                } catch {
                    hasFailed.store(true, ordering: .relaxed)
                    return error
                }
            }
            if let failure = failures.lazy.compactMap(\.self).first { throw failure }
            return try writer.finish(
                cases.map(\.identifier),
                signature: PreprocessingSignature.make(dataset: dataset, plans: plans, configuration: configuration),
                recipe: PreprocessingRecipe.make(plans: plans, configuration: configuration))
        } catch {
            writer.abandon()
            throw error
        }
    }

    private static func prepare(
        _ rawCase: RawCase, with preprocessor: Preprocessor, dataset: RawDataset, writer: CaseStoreWriter
    ) throws(DatasetError) {
        let loaded = try RawCaseReader.read(rawCase, channelCount: preprocessor.channelCount)
        guard let labels = loaded.labels else {
            throw .caseFailed(rawCase.identifier, reason: "it has no label file; add one to labelsTr")
        }
        let arrays = try preprocessor.run(
            image: loaded.image, labels: labels, geometry: loaded.geometry, identifier: rawCase.identifier)
        let locations = ClassLocationSampler.sample(
            arrays.labels, keys: dataset.description.labelManager.locationKeys)
        try writer.write(arrays, classLocations: locations, identifier: rawCase.identifier)
    }
}
