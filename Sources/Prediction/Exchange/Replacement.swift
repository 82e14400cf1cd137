import Documents
import Foundation

/// Files and folders that take their places, and those of others, all together or not at all.
///
/// What had a place is moved into a new folder beside it, on the same disk, and can be removed when everything is there.
struct Replacement {
    private var moves: [(source: String, target: String)] = []
    /// Folders that were made, each after the one that holds it.
    private var madeFolders: [String] = []
    /// Folders of what was replaced.
    private var oldFolders: [String] = []

    private init() {}

    /// Moves each file or folder to its place.
    ///
    /// - Returns: the folders that hold what was replaced; nothing needs them any more.
    /// - Throws: `FileError` when one cannot be moved: everything lies where it was, or the error says where instead.
    static func run(_ pairs: [(source: String, target: String)]) throws(FileError) -> [String] {
        var replacement = Replacement()
        do throws(FileError) {
            for pair in pairs { try replacement.put(pair.source, at: pair.target) }
        } catch {
            try replacement.undo()
            throw error
        }
        return replacement.oldFolders
    }

    private mutating func put(_ source: String, at target: String) throws(FileError) {
        let parent = (target as NSString).deletingLastPathComponent
        try makeFolder(parent)
        if FileAccess.exists(target) {
            // A folder that is there belongs to an installation that was killed, and may hold the only copy of a model.
            var folder = "\(parent)/.replaced\(getpid()).tmp"
            while FileAccess.exists(folder) { folder += ".tmp" }
            try makeFolder(folder)
            oldFolders.append(folder)
            try move(target, to: folder + "/" + (target as NSString).lastPathComponent)
        }
        try move(source, to: target)
    }

    private mutating func makeFolder(_ path: String) throws(FileError) {
        var missing: [String] = []
        var folder = path
        while !folder.isEmpty, !FileAccess.exists(folder) {
            missing.append(folder)
            folder = (folder as NSString).deletingLastPathComponent
        }
        madeFolders += missing.reversed()
        try FileAccess.makeFolder(path)
    }

    private mutating func move(_ source: String, to target: String) throws(FileError) {
        moves.append((source, target))
        try FileAccess.rename(source, to: target)
    }

    private func undo() throws(FileError) {
        var failures: [String] = []
        // The last move may have failed before it began.
        for (source, target) in moves.reversed() where !FileAccess.exists(source) {
            do throws(FileError) { try FileAccess.rename(target, to: source) } catch  where !FileAccess.exists(source) {
                failures.append("\(error.reason), and it lies in \(target) now; move it to \(source) by hand")
            } catch {
                // It is back, but not flushed.
            }
        }
        // Only empty ones go.
        for folder in madeFolders.reversed() { rmdir(folder) }
        guard failures.isEmpty else {
            throw FileError(action: "put everything back", path: "", reason: failures.joined(separator: "; "))
        }
    }
}
