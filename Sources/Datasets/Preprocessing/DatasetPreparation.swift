import Documents
import Threads

/// From a raw dataset to preprocessed cases: integrity check, fingerprint, plans, splits, preprocessing; all at once
/// or step by step.
public struct DatasetPreparation: Sendable {
    public struct Options: Sendable {
        /// Configurations to preprocess; those that the plans lack are skipped with a note.
        public var configurations: [String] = ["3d_fullres"]
        /// Stop after planning.
        public var skipsPreprocessing = false
        /// Make fingerprint and preprocessed cases anew even where current ones exist.
        public var isClean = false
        /// Cases in memory at a time while they are checked and measured; all threads' worth when absent.
        public var checkLimit: Int?
        /// Cases in memory at a time while they are preprocessed: one number for all configurations, or one for each;
        /// none: all threads' worth.
        public var preprocessingLimits: [Int] = []
        public var preset = PlannerPreset.standard
        public var memoryTarget: Double?
        public var plansName: String?
        /// `[D, H, W]`, raw axis order.
        public var targetSpacing: [Double]?

        public init() {}
    }

    /// What happened on the way.
    public enum Event: Sendable {
        case progress(DatasetProgress)
        /// The integrity check is done; it found no error.
        case checked(IntegrityReport)
        /// A sentence for the user.
        case note(String)
        case planned(Plans)
        /// The preprocessed cases of a configuration are ready.
        case prepared(CaseStore, Configuration)
    }

    public let workspace: Workspace
    public let name: DatasetName
    public let options: Options

    public init(workspace: Workspace, name: DatasetName, options: Options) {
        self.workspace = workspace
        self.name = name
        self.options = options
    }

    /// Does all of it.
    ///
    /// - Parameter report: called from several threads, one at a time.
    /// - Throws: ``DatasetError``; before the first file is written where the raw dataset is at fault.
    public func run(report: @escaping @Sendable (Event) -> Void) throws(DatasetError) {
        let folders = try folders()
        let fingerprint = try extractFingerprint(folders, report: report)
        let plans = try plan(folders, fingerprint: fingerprint, report: report)
        if !options.skipsPreprocessing { try preprocess(folders, plans: plans, report: report) }
    }

    /// Checks the raw dataset and writes its fingerprint and its folds.
    public func extractFingerprint(report: @escaping @Sendable (Event) -> Void) throws(DatasetError) {
        _ = try extractFingerprint(try folders(), report: report)
    }

    /// Writes the plans for the fingerprint that is there.
    public func planExperiment(report: (Event) -> Void) throws(DatasetError) {
        let folders = try folders()
        let path = folders.target + "/dataset_fingerprint.json"
        guard FileAccess.exists(path) else {
            throw .document(
                path: path, problems: ["the file is missing; run extract-fingerprint or plan-and-preprocess first"])
        }
        _ = try plan(folders, fingerprint: try Fingerprint(contentsOf: path), report: report)
    }

    /// Preprocesses the cases as the plans ``Options/plansName`` say.
    public func preprocess(report: @escaping @Sendable (Event) -> Void) throws(DatasetError) {
        let folders = try folders()
        let plans = try Plans(
            contentsOf: folders.target + "/\(options.plansName ?? options.preset.plansName).json")
        try writeSplits(folders)
        try preprocess(folders, plans: plans, report: report)
    }

    /// The raw dataset and the folder that everything made from it goes to.
    private struct Folders {
        let raw: RawDataset
        let target: String

        func splits() throws(DatasetError) -> Splits {
            try SplitsFiles(raw: raw.folder, preprocessed: target).load(identifiers: raw.cases.map(\.identifier))
        }
    }

    private func folders() throws(DatasetError) -> Folders {
        let target = try workspace.preprocessedFolder(of: name)
        let raw = try RawDataset(folder: try workspace.rawFolder(of: name))
        guard !raw.cases.isEmpty else {
            throw .document(
                path: raw.folder + "/imagesTr", problems: ["no file CASE_0000\(raw.description.fileEnding) lies here"])
        }
        _ = try raw.description.readerName()
        try checkFolderCanBeMade(target)
        return Folders(raw: raw, target: target)
    }

    private func writeSplits(_ folders: Folders) throws(DatasetError) {
        try folders.splits().write(to: folders.target + "/splits_final.json")
    }

    private func extractFingerprint(
        _ folders: Folders, report: @escaping @Sendable (Event) -> Void
    ) throws(DatasetError) -> Fingerprint {
        let splits = try folders.splits()
        let fingerprint = try inspect(folders.raw, target: folders.target, report: report)
        try DatasetError.wrappingFiles { () throws(FileError) in try FileAccess.makeFolder(folders.target) }
        try fingerprint.write(to: folders.target + "/dataset_fingerprint.json")
        try splits.write(to: folders.target + "/splits_final.json")
        return fingerprint
    }

    private func inspect(
        _ raw: RawDataset, target: String, report: @escaping @Sendable (Event) -> Void
    ) throws(DatasetError) -> Fingerprint {
        let path = target + "/dataset_fingerprint.json"
        var existing: Fingerprint?
        if !options.isClean, FileAccess.exists(path) {
            existing = try? Fingerprint(contentsOf: path)
            if existing.map({ FingerprintCheck.fits($0, raw) }) != true {
                existing = nil
                report(.note("The fingerprint in \(path) belongs to other images; it is made anew."))
            }
        }
        let inspection = DatasetInspection.run(
            raw, measuresFingerprint: existing == nil, limit: options.checkLimit, progress: { report(.progress($0)) })
        guard inspection.report.errors.isEmpty else { throw .integrity(inspection.report) }
        report(.checked(inspection.report))
        guard let fingerprint = existing ?? inspection.fingerprint else {
            throw .planning("the images of \(name) could not be measured")
        }
        return fingerprint
    }

    private func plan(
        _ folders: Folders, fingerprint: Fingerprint, report: (Event) -> Void
    ) throws(DatasetError) -> Plans {
        let planner = ExperimentPlanner(
            fingerprint: fingerprint, description: folders.raw.description, datasetName: name.name,
            preset: options.preset, memoryTarget: options.memoryTarget, plansName: options.plansName,
            overwriteTargetSpacing: options.targetSpacing)
        let path = folders.target + "/" + planner.plansName + ".json"
        let existing = FileAccess.exists(path) ? try Plans(contentsOf: path) : nil
        let plans = try planner.plan(keeping: existing, path: path)
        // A user's folds count from here on, even where only the plans are made.
        if FileAccess.exists(folders.raw.folder + "/splits_final.json") { try writeSplits(folders) }
        try copy(folders.raw.folder + "/dataset.json", to: folders.target + "/dataset.json")
        if plans.json != existing?.json { try plans.write(to: path) }
        report(.planned(plans))
        return plans
    }

    private func preprocess(
        _ folders: Folders, plans: Plans, report: @escaping @Sendable (Event) -> Void
    ) throws(DatasetError) {
        let (raw, target) = (folders.raw, folders.target)
        for (index, configurationName) in options.configurations.enumerated() {
            guard plans.configurationNames.contains(configurationName) else {
                report(
                    .note("INFO: the plans \(plans.name) have no configuration \(configurationName); it is skipped."))
                continue
            }
            let configuration = try plans.configuration(named: configurationName)
            let folder = target + "/" + configuration.dataIdentifier
            let signature = PreprocessingSignature.make(dataset: raw, plans: plans, configuration: configuration)
            if !options.isClean, let store = try? CaseStore(folder: folder) {
                if store.signature == signature {
                    report(.note("The preprocessed cases in \(folder) are up to date; --clean makes them anew."))
                    report(.prepared(store, configuration))
                    continue
                }
                // The residual planners share a folder with the standard one, whatever the target spacing.
                report(.note("The cases in \(folder) belong to other images or plans; they are made anew."))
            }
            let store = try CasePreprocessing.run(
                raw, plans: plans, configuration: configuration, to: folder,
                limit: options.preprocessingLimits[safe: index] ?? options.preprocessingLimits.first,
                progress: { report(.progress($0)) })
            report(.prepared(store, configuration))
        }
        let labels = target + "/gt_segmentations"
        try DatasetError.wrappingFiles { () throws(FileError) in try FileAccess.makeFolder(labels) }
        let copied = try Threads.map(raw.cases.count) { (index) throws(DatasetError) -> Bool in
            let rawCase = raw.cases[index]
            guard let path = rawCase.labelPath else { return false }
            return try copy(
                path, to: labels + "/" + rawCase.identifier + raw.description.fileEnding, isFlushed: false)
        }
        guard copied.contains(true) else { return }
        try DatasetError.wrappingFiles { () throws(FileError) in try FileAccess.flushFileSystem(holding: labels) }
    }
}
