import Documents

/// The folder of preprocessed cases of one configuration, e.g. `nnUNetPlans_3d_fullres`.
///
/// Per case: `CASE.npy` (float32 `[C, D, H, W]`), `CASE_seg.npy` (int16 `[1, D, H, W]`), `CASE.json` (properties) and
/// `CASE_locations.npy` (int32 `[N, 3]`, the voxels of all class locations one after another). `cases.json` is written
/// last: a folder without it is incomplete.
public struct CaseStore: Sendable {
    public let folder: String
    /// Sorted by code points.
    public let identifiers: [String]
    /// What the cases were made from and how; see ``PreprocessingSignature``.
    public let signature: String
    /// What the plans said of preprocessing; nil in stores that were written before it was noted.
    let recipe: JSONValue?

    static let indexName = "cases.json"
    static let formatVersion = 1

    /// Opens a complete store.
    ///
    /// - Throws: ``DatasetError/store(folder:problem:)`` when the folder is missing, incomplete or of another format.
    public init(folder: String) throws(DatasetError) {
        let remedy = "run plan-and-preprocess"
        guard FileAccess.isFolder(folder) else {
            throw .store(folder: folder, problem: "the folder does not exist; \(remedy)")
        }
        let path = folder + "/" + Self.indexName
        guard FileAccess.exists(path) else {
            throw .store(
                folder: folder,
                problem:
                    "\(Self.indexName) is missing, so the folder is incomplete or was written by another program; "
                    + "\(remedy)"
            )
        }
        guard let index = try? JSONValue(contentsOf: path), let identifiers = index["cases"]?.strings,
            let signature = index["signature"]?.string
        else { throw .store(folder: folder, problem: "\(Self.indexName) is damaged; \(remedy)") }
        guard index["version"]?.integer == Self.formatVersion else {
            throw .store(
                folder: folder,
                problem:
                    "its format is \(index["version"]?.text() ?? "unknown"), this program reads "
                    + "\(Self.formatVersion); \(remedy)"
            )
        }
        self.folder = folder
        self.identifiers = identifiers
        self.signature = signature
        recipe = index["recipe"]
    }

    /// Maps one case into memory.
    public func open(_ identifier: String) throws(DatasetError) -> PreprocessedCase {
        try PreprocessedCase(identifier: identifier, folder: folder)
    }
}
