import Datasets
import Documents

extension ModelFolder {
    /// The trainer that nnU-Net trains with unless it is told otherwise.
    public static let nnUNetTrainer = "nnUNetTrainer"
    /// The scheme that trains as it does.
    public static let schemeOfNNUNetTrainer = "cps"

    /// Where a model lies: `$nnUNet_results/DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION`.
    ///
    /// A model of nnU-Net's own trainer is one that came from there, or else the one that `cps` trained here.
    /// - Parameter trainer: a scheme, or the name of a trainer of nnU-Net.
    public static func path(
        of dataset: DatasetName, trainer: String, plans: String, configuration: String, in workspace: Workspace
    ) throws(DatasetError) -> String {
        let path = try workspace.modelFolder(
            of: dataset, trainer: trainer, plans: plans, configuration: configuration)
        guard trainer == nnUNetTrainer, !FileAccess.isFolder(path) else { return path }
        return try workspace.modelFolder(
            of: dataset, trainer: schemeOfNNUNetTrainer, plans: plans, configuration: configuration)
    }
}
