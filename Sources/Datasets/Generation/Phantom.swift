import Documents
import Foundation
import Tensors
import Threads
import Volumes

/// A generated dataset that needs a network: two organs of varying pose, size and shape and small lesions, among
/// structures of the same brightness, with noise and a bias field.
///
/// - Determinism: a case is a pure function of seed, index and size; equal arguments give equal files.
public struct Phantom: Sendable {
    public let name: DatasetName
    public let caseCount: Int
    /// Cases for `imagesTs` and `labelsTs`.
    public let testCaseCount: Int
    public let seed: UInt64
    /// `[D, H, W]`.
    public let size: [Int]

    /// A shape that one patch covers and that trains in minutes on two cores.
    public static let defaultSize = [48, 48, 40]
    private static let smallestExtent = 24
    private static let largestExtent = 1024

    /// - Throws: ``DatasetError/conversion(_:)`` for counts, sizes and names that cannot be.
    public init(
        caseCount: Int, testCaseCount: Int = 0, seed: UInt64, size: [Int] = defaultSize, id: Int = 900,
        shortName: String = "Phantom"
    ) throws(DatasetError) {
        guard caseCount >= 1, caseCount <= 9999, testCaseCount >= 0, caseCount + testCaseCount <= 9999 else {
            throw .conversion("\(caseCount) training and \(testCaseCount) test cases: give 1 … 9999 cases")
        }
        guard size.count == 3, size.allSatisfy({ (Self.smallestExtent...Self.largestExtent).contains($0) }) else {
            throw .conversion(
                "a phantom of size \(size): give three extents D H W from \(Self.smallestExtent) to "
                    + "\(Self.largestExtent)"
            )
        }
        guard (0...999).contains(id), let name = DatasetName(id: id, shortName: shortName) else {
            throw .conversion("the number \(id) and the name \"\(shortName)\" make no dataset name: 0 … 999 and a name")
        }
        self.name = name
        self.caseCount = caseCount
        self.testCaseCount = testCaseCount
        self.seed = seed
        self.size = size
    }

    /// `phantom_000`, `phantom_001`, …; test cases follow the training cases.
    public func identifier(of index: Int) -> String {
        let digits = String(index)
        return "phantom_" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }

    /// Writes the raw dataset; its folder appears when it is complete.
    ///
    /// - Parameters:
    ///   - root: the folder that gets `DatasetXXX_Name`.
    ///   - progress: called after each case, from several threads but one at a time.
    /// - Returns: the dataset's folder.
    /// - Throws: ``DatasetError`` when the number is taken in `root`, or a file cannot be written.
    public func write(
        to root: String, limit: Int? = nil, progress: (@Sendable (DatasetProgress) -> Void)? = nil
    ) throws(DatasetError) -> String {
        let taken = DatasetName.all(in: Workspace(raw: root, preprocessed: nil, results: nil)).filter {
            $0.id == name.id
        }
        guard taken.isEmpty else {
            throw .conversion(
                "the number \(name.id) already belongs to \(root)/\(taken[0].name): remove that folder, or choose "
                    + "another number with --id")
        }
        let folder = root + "/" + name.name
        let partial = folder + ".partial"
        let total = caseCount + testCaseCount
        let counter = ProgressCounter(.generating, total: total, report: progress)
        do throws(DatasetError) {
            try DatasetError.wrappingFiles { () throws(FileError) in
                try FileAccess.remove(partial)
                for kind in ["Tr"] + (testCaseCount > 0 ? ["Ts"] : []) {
                    try FileAccess.makeFolder(partial + "/images" + kind)
                    try FileAccess.makeFolder(partial + "/labels" + kind)
                }
            }
            _ = try Threads.map(total, limit: limit) { (index) throws(DatasetError) -> Bool in
                try writeCase(index, to: partial)
                counter.finished(identifier(of: index))
                return true
            }
            try DatasetError.wrappingFiles { () throws(FileError) in
                try FileAccess.replace(partial + "/dataset.json", with: description.text(indent: 4))
                try FolderAccess.rename(partial, to: folder)
                try FileAccess.synchronizeFolder(root)
            }
        } catch {
            try? FileAccess.remove(partial)
            throw error
        }
        return folder
    }

    private func writeCase(_ index: Int, to folder: String) throws(DatasetError) {
        let generated = PhantomCase(seed: seed, index: index, size: size)
        let kind = index < caseCount ? "Tr" : "Ts"
        let name = identifier(of: index)
        do throws(VolumeError) {
            try NIfTI.write(generated.image, as: .int16, to: folder + "/images\(kind)/\(name)_0000.nii.gz")
            try NIfTI.write(
                labels: generated.labels, geometry: generated.image.geometry,
                to: folder + "/labels\(kind)/\(name).nii.gz")
        } catch { throw .conversion(error.description) }
    }

    private var description: JSONValue {
        [
            "name": .string(name.name),
            "description": "Generated volumes: two organs and lesions among look-alikes",
            "reference": .string("pgps phantom --cases \(caseCount) --seed \(seed)"),
            "channel_names": ["0": "MRI"],
            "labels": [
                "background": 0, "large_organ": .integer(Int(PhantomCase.largeOrganLabel)),
                "small_organ": .integer(Int(PhantomCase.smallOrganLabel)),
                "lesion": .integer(Int(PhantomCase.lesionLabel)),
            ],
            "numTraining": .integer(caseCount),
            "file_ending": ".nii.gz",
        ]
    }
}
