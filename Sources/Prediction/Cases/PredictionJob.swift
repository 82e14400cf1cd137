import Datasets
import Documents

/// A folder of raw images to be predicted by one model.
public struct PredictionJob: Sendable {
    public let model: ModelFolder
    public let inputFolder: String
    public let files: PredictionFiles
    /// The cases of this job, by identifier.
    public let cases: [RawCase]

    /// Lists the cases and checks their channels; no image is opened.
    ///
    /// - Parameters:
    ///   - part: this job predicts every `partCount`-th case, from this one on.
    /// - Throws: ``PredictionError`` for a folder without images, a case with another number of channels than the
    ///   model, a part that does not exist, and an output folder that is the input.
    public init(
        model: ModelFolder, inputFolder: String, outputFolder: String, part: Int = 0, partCount: Int = 1
    ) throws {
        guard partCount >= 1, (0..<partCount).contains(part) else {
            throw PredictionError.part(id: part, count: partCount)
        }
        guard !FolderIdentity.areEqual(inputFolder, outputFolder) else {
            throw PredictionError.outputIsInput(outputFolder)
        }
        let ending = model.description.fileEnding
        let all = try RawDataset.cases(inImageFolder: inputFolder, ending: ending)
        guard !all.isEmpty else { throw PredictionError.noCases(folder: inputFolder, fileEnding: ending) }
        let channels = model.description.channelNames
        if let wrong = all.first(where: { $0.imagePaths.count != channels.count }) {
            throw PredictionError.wrongChannelCount(
                identifier: wrong.identifier, found: wrong.imagePaths.count, expected: channels)
        }
        self.model = model
        self.inputFolder = inputFolder
        files = PredictionFiles(folder: outputFolder, fileEnding: ending)
        cases = stride(from: part, to: all.count, by: partCount).map { all[$0] }
    }

    /// Makes the output folder and writes what the predictions are to be read with: `dataset.json`, `plans.json`, and
    /// `predict_from_raw_data_args.json` with the arguments of this job.
    public func writeDocuments(arguments: JSONObject) throws(FileError) {
        try FileAccess.makeFolder(files.folder)
        try FileAccess.replace(files.folder + "/dataset.json", with: model.description.json.text(indent: 4))
        try FileAccess.replace(files.folder + "/plans.json", with: model.plans.json.text(indent: 4))
        try FileAccess.replace(
            files.folder + "/predict_from_raw_data_args.json",
            with: JSONValue.object(arguments).text(indent: 4, sortedKeys: true))
    }

    /// Cases whose results are not there yet.
    public func missingIdentifiers(withProbabilities: Bool) -> [String] {
        cases.map(\.identifier).filter { !files.isComplete($0, withProbabilities: withProbabilities) }
    }

    /// Predicts this rank's share of some of the cases.
    ///
    /// - Parameter identifiers: the same on all ranks.
    /// - Returns: the cases that failed; the others are complete. The ranks have to tell each other.
    public func run(
        _ identifiers: [String], with predictor: Predictor, rank: Int = 0, size: Int = 1,
        progress: @escaping (PredictionProgress) -> Void = { _ in }
    ) throws -> [CaseFailure] {
        let preprocessor = try Preprocessor(
            plans: model.plans, configuration: model.configuration, description: model.description)
        let byIdentifier = Dictionary(uniqueKeysWithValues: cases.map { ($0.identifier, $0) })
        return CaseQueue(identifiers, rank: rank, size: size).run(into: files, progress: progress) {
            identifier, patches in
            guard let rawCase = byIdentifier[identifier] else {
                throw DatasetError.caseFailed(identifier, reason: "it is not among the images of \(inputFolder)")
            }
            return try predictor.predict(rawCase, preprocessor: preprocessor, progress: patches)
        }
    }
}
