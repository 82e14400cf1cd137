import Documents
import Foundation

extension DatasetPreparation {
    /// Copies a file unless an equal one is there; returns whether it did.
    @discardableResult
    func copy(_ path: String, to target: String, isFlushed: Bool = true) throws(DatasetError) -> Bool {
        try DatasetError.wrappingFiles { () throws(FileError) in
            let bytes = try FileAccess.read(path)
            if FileAccess.exists(target), try FileAccess.read(target) == bytes { return false }
            try FileAccess.replace(target, with: bytes, isFlushed: isFlushed)
            return true
        }
    }

    /// Finds out early that a path runs through a file or a folder that must not be written.
    func checkFolderCanBeMade(_ path: String) throws(DatasetError) {
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
