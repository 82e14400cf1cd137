import Tensors
import Threads
import Volumes

/// One pass over all images of a raw dataset: the integrity check and, when wanted, the fingerprint.
public struct DatasetInspection: Sendable {
    public let report: IntegrityReport
    /// Nil when it was not asked for, or when the dataset has errors.
    public let fingerprint: Fingerprint?

    /// nnU-Net's number of intensities that are drawn from a whole dataset.
    private static let sampledVoxelCount = 100_000_000

    /// Reads every case once, several at a time.
    ///
    /// - Parameters:
    ///   - measuresFingerprint: also draw intensities and measure the crop.
    ///   - limit: at most this many cases in memory at a time.
    ///   - progress: called after each case, from several threads but one at a time.
    public static func run(
        _ dataset: RawDataset, measuresFingerprint: Bool, limit: Int? = nil,
        progress: (@Sendable (DatasetProgress) -> Void)? = nil
    ) -> DatasetInspection {
        let cases = dataset.cases
        let counter = ProgressCounter(.checking, total: cases.count, report: progress)
        let sampleSize = measuresFingerprint && !cases.isEmpty ? sampledVoxelCount / cases.count : nil
        let results = Threads.map(cases.count, limit: limit) { (index) throws(Never) -> CaseResult in
            defer { counter.finished(cases[index].identifier) }
            return inspect(cases[index], of: dataset.description, sampleSize: sampleSize)
        }
        let (listErrors, listWarnings) = listProblems(of: dataset)
        let report = IntegrityReport(
            folder: dataset.folder, caseCount: cases.count, errors: listErrors + results.flatMap(\.errors),
            warnings: listWarnings + results.flatMap(\.warnings))
        guard report.errors.isEmpty, sampleSize != nil else {
            return DatasetInspection(report: report, fingerprint: nil)
        }
        let measures = results.compactMap(\.measure)
        return DatasetInspection(
            report: report,
            fingerprint: Fingerprint(pooling: measures, channelCount: dataset.description.channelNames.count))
    }

    private struct CaseResult: Sendable {
        var errors: [IntegrityProblem]
        var warnings: [IntegrityProblem]
        var measure: CaseMeasure?
    }

    private static func inspect(
        _ rawCase: RawCase, of description: DatasetDescription, sampleSize: Int?
    ) -> CaseResult {
        let manager = description.labelManager
        var check = CaseCheck(
            rawCase: rawCase, channelCount: description.channelNames.count,
            declaredLabels: Set(manager.allLabels + [manager.ignoreLabel].compactMap(\.self)))
        var images: [Image] = []
        for path in rawCase.imagePaths {
            do throws(VolumeError) { images.append(try NIfTI.read(path)) } catch { check.unreadable(path, error) }
        }
        var labels: LabelImage?
        if let path = rawCase.labelPath {
            do throws(VolumeError) { labels = try NIfTI.readLabels(path) } catch { check.unreadable(path, error) }
        } else {
            check.missingLabels()
        }
        if images.count == rawCase.imagePaths.count { check.inspect(images: images, labels: labels) }
        var measure: CaseMeasure?
        if let sampleSize, let labels, check.errors.isEmpty {
            let geometry = images[0].geometry
            let image = RawCaseReader.join(images)
            images = []
            measure = CaseMeasure(
                image: image, labels: RawCaseReader.narrow(labels.labels), spacing: geometry.spacing,
                sampleSize: sampleSize)
        }
        return CaseResult(errors: check.errors, warnings: check.warnings, measure: measure)
    }

    /// Problems that the list of files shows.
    private static func listProblems(
        of dataset: RawDataset
    ) -> (errors: [IntegrityProblem], warnings: [IntegrityProblem]) {
        var errors: [IntegrityProblem] = []
        let description = dataset.description
        if description.usesOldChannelKey {
            errors.append(
                IntegrityProblem(
                    file: description.path, finding: "the channels are named under the old key \"modality\"",
                    remedy: "rename it to \"channel_names\""))
        }
        if dataset.cases.count != description.trainingCaseCount {
            errors.append(
                IntegrityProblem(
                    file: description.path,
                    finding:
                        "\"numTraining\" is \(description.trainingCaseCount), but \(dataset.cases.count) cases were "
                        + "found",
                    remedy: "correct the number, or add the cases that are missing"))
        }
        for path in dataset.strayFiles {
            errors.append(
                IntegrityProblem(
                    file: path, finding: "the name ends in no channel number",
                    remedy: "name it CASE_0000\(description.fileEnding) (channel 0), or take it away"))
        }
        return (errors, [])
    }
}

/// The integrity check of a raw dataset.
public enum IntegrityCheck {
    /// Reads every file and reports every problem.
    public static func run(
        _ dataset: RawDataset, limit: Int? = nil, progress: (@Sendable (DatasetProgress) -> Void)? = nil
    ) -> IntegrityReport {
        DatasetInspection.run(dataset, measuresFingerprint: false, limit: limit, progress: progress).report
    }
}
