import Datasets
import Documents
import Synchronization
import Tensors
import Threads
import Volumes

/// Averages predictions case by case and writes a folder of predictions like those it was made from.
///
/// Where a case lies in space comes from the label map beside the first model's probabilities.
public struct EnsembleJob: Sendable {
    public let cases: [EnsembleCase]
    public let labelManager: LabelManager
    public let files: PredictionFiles
    /// Whether to write the mean probabilities, too.
    public let keepsProbabilities: Bool

    /// - Throws: ``EnsembleError/outputIsInput(_:)``.
    public init(
        cases: [EnsembleCase], description: DatasetDescription, outputFolder: String, keepsProbabilities: Bool = false
    ) throws(EnsembleError) {
        if let input = cases.lazy.flatMap(\.folders).first(where: { FolderIdentity.areEqual($0, outputFolder) }) {
            throw .outputIsInput(input)
        }
        self.cases = cases
        labelManager = description.labelManager
        files = PredictionFiles(folder: outputFolder, fileEnding: description.fileEnding)
        self.keepsProbabilities = keepsProbabilities
    }

    /// Averages all cases, several at a time, each on one thread.
    ///
    /// - Parameters:
    ///   - limit: at most so many cases at a time; as many as threads when absent.
    ///   - progress: called after each case with the number of cases done and to do, from any thread.
    /// - Throws: ``EnsembleError``, the first one in the order of the cases; the other cases are complete.
    public func run(
        limit: Int? = nil, progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(EnsembleError) {
        do { try FileAccess.makeFolder(files.folder) } catch { throw .file(error) }
        let done = Mutex(0)
        _ = try Threads.map(cases.count, limit: limit) { (index) throws(EnsembleError) in
            try run(cases[index])
            done.withLock { count in
                count += 1
                progress(count, cases.count)
            }
        }
    }

    /// Copies what postprocessing and evaluation want to know of a folder of predictions: dataset.json, and plans.json
    /// where it is there.
    public func copyDocuments(from folder: String) throws(EnsembleError) {
        do throws(FileError) {
            for name in ["dataset.json", "plans.json"] where FileAccess.exists("\(folder)/\(name)") {
                try FileAccess.replace("\(files.folder)/\(name)", with: FileAccess.read("\(folder)/\(name)"))
            }
        } catch { throw .file(error) }
    }

    private func run(_ ensembleCase: EnsembleCase) throws(EnsembleError) {
        let members = ensembleCase.folders.map { PredictionFiles(folder: $0, fileEnding: files.fileEnding) }
        let identifier = ensembleCase.identifier
        let paths = members.map { $0.probabilityPath(identifier) }
        let labelPath = members[0].labelPath(identifier)
        guard FileAccess.exists(labelPath) else { throw .labelMapMissing(path: labelPath, probabilities: paths[0]) }
        let header: ImageHeader
        do { header = try NIfTI.readHeader(labelPath) } catch { throw .volume(error) }
        let mean = ProbabilityMean(labelManager: labelManager, keepsProbabilities: keepsProbabilities)
        let (labels, probabilities) = try mean.merge(paths, volumeShape: Array(header.shape.dropFirst()))
        if let probabilities {
            do { try files.write(probabilities: probabilities, identifier: identifier) } catch {
                throw .probabilities(path: files.probabilityPath(identifier), problem: "\(error)")
            }
            do { try files.copyProperties(identifier, from: members[0]) } catch { throw .file(error) }
        }
        do { try NIfTI.write(labels: labels, geometry: header.geometry, to: files.labelPath(identifier)) } catch {
            throw .volume(error)
        }
    }
}
