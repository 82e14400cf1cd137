import Foundation

/// Symbolic links in place of files: `/dev/full` takes the part of a disk without space.
enum Links {
    static func make(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    static func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }
}
