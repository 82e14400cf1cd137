import Documents

/// Why a model cannot go into another program's files or come from them.
public enum ExchangeError: Error, CustomStringConvertible, Equatable {
    /// Files that are there already.
    case exists([String])
    /// The folder holds a model whose other folds have other plans or labels.
    case otherModel(folder: String, folds: [String])
    case noFold(folder: String, checkpoint: String)
    case nothingToImport(path: String)
    /// The files do not say something, and an option could.
    case unknown(what: String, path: String, option: String)
    case mirrorAxes([Int], path: String)
    /// A name that cannot be part of the name of a model's folder.
    case folderName(String, what: String, path: String)
    case foldTwice(fold: String, path: String)
    /// An entry of a zip archive that must not be unpacked.
    case entry(name: String, path: String, rule: String)
    case noModelInside(path: String)
    case noRoom(path: String, needed: Int, available: Int)

    public var description: String {
        switch self {
        case .exists(let paths):
            "\(paths.prefix(3).joined(separator: ", "))\(paths.count > 3 ? " and \(paths.count - 3) more" : "") "
                + "exist\(paths.count == 1 ? "s" : "") already: choose another place, or give --overwrite"
        case .otherModel(let folder, let folds):
            "\(folder) holds fold \(folds.joined(separator: ", ")) of a model with other plans or labels: give the new "
                + "model another name with -tr or -d, or move the old one away"
        case .noFold(let folder, let checkpoint):
            "no fold in \(folder) has a \(checkpoint): train it first, or choose the checkpoint with -chk"
        case .nothingToImport(let path):
            "\(path) is nothing to import: give a model folder (plans.json, dataset.json, fold_0/checkpoint_final.pth), a "
                + ".pth of nnU-Net's trainer, or a .safetensors"
        case .unknown(let what, let path, let option): "\(path) does not say \(what): give it with \(option)"
        case .mirrorAxes(let axes, let path):
            "\(path) allows mirroring along the axes \(axes), but must name different axes of 0, 1 and 2"
        case .folderName(let name, let what, let path):
            "\(path): \(what) is \(JSONValue.string(name).text()), but must be a name without \"/\", \"__\" and control "
                + "characters, because a folder is called by it"
        case .foldTwice(let fold, let path):
            "\(path) has fold \(fold) as .pth and as .safetensors: remove one of them"
        case .entry(let name, let path, let rule):
            "\(path) cannot be installed: its entry \"\(name)\" \(rule); nothing was unpacked"
        case .noModelInside(let path):
            "\(path) holds no trained model: DatasetXXX_Name/TRAINER__PLANS__CONFIGURATION/plans.json is expected"
        case .noRoom(let path, let needed, let available):
            "\(path) needs \(needed) bytes, but the disk of the results has \(available) left"
        }
    }
}
