import Documents
import Foundation
import Threads

/// From a raw dataset to preprocessed cases: integrity check, fingerprint, plans, splits, preprocessing.
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
        /// Cases in memory at a time while they are preprocessed.
        public var preprocessingLimit: Int?
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
        let target = try workspace.preprocessedFolder(of: name)
        let raw = try RawDataset(folder: try workspace.rawFolder(of: name))
        let identifiers = raw.cases.map(\.identifier)
        guard !identifiers.isEmpty else {
            throw .document(
                path: raw.folder + "/imagesTr", problems: ["no file CASE_0000\(raw.description.fileEnding) lies here"])
        }
        try checkFolderCanBeMade(target)
        let splits = try SplitsFiles(raw: raw.folder, preprocessed: target).load(identifiers: identifiers)
        let fingerprint = try inspect(raw, target: target, report: report)

        try DatasetError.wrappingFiles { () throws(FileError) in try FileAccess.makeFolder(target) }
        try fingerprint.write(to: target + "/dataset_fingerprint.json")
        try copy(raw.folder + "/dataset.json", to: target + "/dataset.json")
        try splits.write(to: target + "/splits_final.json")
        let plans = try plan(raw, fingerprint: fingerprint, target: target)
        report(.planned(plans))
        if !options.skipsPreprocessing { try preprocess(raw, plans: plans, target: target, report: report) }
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

    private func plan(_ raw: RawDataset, fingerprint: Fingerprint, target: String) throws(DatasetError) -> Plans {
        let planner = ExperimentPlanner(
            fingerprint: fingerprint, description: raw.description, datasetName: name.name, preset: options.preset,
            memoryTarget: options.memoryTarget, plansName: options.plansName,
            overwriteTargetSpacing: options.targetSpacing)
        let path = target + "/" + planner.plansName + ".json"
        let existing = FileAccess.exists(path) ? try Plans(contentsOf: path) : nil
        let plans = try planner.plan(keeping: existing, path: path)
        if plans.json != existing?.json { try plans.write(to: path) }
        return plans
    }

    private func preprocess(
        _ raw: RawDataset, plans: Plans, target: String, report: @escaping @Sendable (Event) -> Void
    ) throws(DatasetError) {
        for configurationName in options.configurations {
            guard plans.configurationNames.contains(configurationName) else {
                report(.note("The plans \(plans.name) have no configuration \(configurationName); it is skipped."))
                continue
            }
            let configuration = try plans.configuration(named: configurationName)
            let folder = target + "/" + configuration.dataIdentifier
            let signature = PreprocessingSignature.make(dataset: raw, plans: plans, configuration: configuration)
            if !options.isClean, let store = try? CaseStore(folder: folder), store.signature == signature {
                report(.note("The preprocessed cases in \(folder) are up to date; --clean makes them anew."))
                report(.prepared(store, configuration))
                continue
            }
            let store = try CasePreprocessing.run(
                raw, plans: plans, configuration: configuration, to: folder, limit: options.preprocessingLimit,
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

    /// Copies a file unless an equal one is there; returns whether it did.
    @discardableResult
    private func copy(_ path: String, to target: String, isFlushed: Bool = true) throws(DatasetError) -> Bool {
        try DatasetError.wrappingFiles { () throws(FileError) in
            let bytes = try FileAccess.read(path)
            if FileAccess.exists(target), try FileAccess.read(target) == bytes { return false }
            try FileAccess.replace(target, with: bytes, isFlushed: isFlushed)
            return true
        }
    }

    /// Finds out early that a path runs through a file or a folder that must not be written.
    private func checkFolderCanBeMade(_ path: String) throws(DatasetError) {
        var ancestor = path
        while !FileAccess.exists(ancestor) {
            guard let slash = ancestor.lastIndex(of: "/") else {
                ancestor = "."
                break
            }
            ancestor = slash == ancestor.startIndex ? "/" : String(ancestor[..<slash])
        }
        guard FileAccess.isFolder(ancestor) else {
            throw .file(FileError(action: "make the folder", path: path, reason: "\(ancestor) is not a folder"))
        }
        guard access(ancestor, W_OK | X_OK) == 0 else {
            throw .file(FileError(action: "make the folder", path: path, reason: "\(ancestor) is not writable"))
        }
    }
}
