import Datasets
import Documents
import Volumes

extension EvaluationTarget {
    /// What a dataset is scored by: its foreground labels, or its regions where it has some.
    ///
    /// A region that dataset.json writes as a plain number keeps the key of a number.
    public static func targets(of description: DatasetDescription) -> [EvaluationTarget] {
        guard description.labelManager.hasRegions else {
            return description.labelManager.foregroundLabels.map { .label($0) }
        }
        let members = description.json["labels"]?.object?.members ?? []
        return members.compactMap { name, value in
            if name == "ignore" { return nil }
            if let label = value.integer { return label == 0 ? nil : .label(label) }
            guard let labels = value.integers, Set(labels) != [0] else { return nil }
            return .region(labels)
        }
    }
}

extension FolderComparison {
    /// The comparison that a dataset asks for, reading label maps with ``Volumes/NIfTI``.
    public init(description: DatasetDescription, allowsMissingPredictions: Bool = false, caseLimit: Int? = nil) {
        self.init(
            targets: EvaluationTarget.targets(of: description), ignoreLabel: description.labelManager.ignoreLabel,
            fileEnding: description.fileEnding, allowsMissingPredictions: allowsMissingPredictions, caseLimit: caseLimit
        ) { path in try NIfTI.readLabels(path).labels }
    }
}

extension CrossValidation {
    /// Where the truth of a dataset's cases lies: the raw label maps, or their copies beside the preprocessed cases.
    public static func referenceFolder(
        of dataset: DatasetName, in workspace: Workspace
    ) throws(DatasetError) -> String {
        if workspace.raw != nil {
            let labels = try workspace.rawFolder(of: dataset) + "/labelsTr"
            if FileAccess.isFolder(labels) { return labels }
        }
        return try workspace.preprocessedFolder(of: dataset) + "/gt_segmentations"
    }
}
