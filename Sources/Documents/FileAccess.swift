internal import CFiles
import Foundation

/// A file operation that failed: which, on what path, and the system's reason.
public struct FileError: Error, CustomStringConvertible {
    public let action: String
    public let path: String
    public let reason: String

    public init(action: String, path: String, reason: String) {
        self.action = action
        self.path = path
        self.reason = reason
    }

    /// The failure of the system call that has just returned.
    public static func lastCall(_ action: String, _ path: String) -> FileError {
        FileError(action: action, path: path, reason: String(cString: strerror(errno)))
    }

    public var description: String { "cannot \(action) \(path): \(reason)" }
}

/// Reading and replacing whole files, and the folders that hold them.
public enum FileAccess {
    public static func read(_ path: String) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastCall("read", path) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw .lastCall("read", path) }
        guard information.st_mode & S_IFMT != S_IFDIR else {
            throw FileError(action: "read", path: path, reason: "it is a folder")
        }
        var bytes = [UInt8](repeating: 0, count: Int(information.st_size))
        var filled = 0
        while filled < bytes.count {
            let taken = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled)
            }
            if taken < 0 && errno == EINTR { continue }
            guard taken > 0 else {
                throw taken < 0
                    ? .lastCall("read", path)
                    : FileError(action: "read", path: path, reason: "it became shorter while it was read")
            }
            filled += taken
        }
        return bytes
    }

    /// Replaces a file as a whole: temporary name in the same folder, fsync, rename, fsync of the folder. At any moment
    /// the path holds the old content or the new one.
    ///
    /// - Parameter isFlushed: false leaves out both fsyncs, for one of many files after which
    ///   ``flushFileSystem(holding:)`` is called once: only a system that stops meanwhile can lose the content.
    public static func replace(
        _ path: String, with bytes: some Sequence<UInt8>, isFlushed: Bool = true
    ) throws(FileError) {
        let temporary = path + ".tmp\(getpid())"
        let content = Array(bytes)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .lastCall("write", path) }
        do throws(FileError) {
            var written = 0
            while written < content.count {
                let taken = content.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
                if taken < 0 && errno == EINTR { continue }
                guard taken > 0 else { throw .lastCall("write", path) }
                written += taken
            }
            if isFlushed { guard fsync(descriptor) == 0 else { throw .lastCall("write", path) } }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        try move(temporary, to: path)
        if isFlushed { try synchronizeFolder((path as NSString).deletingLastPathComponent) }
    }

    public static func replace(_ path: String, with text: String, isFlushed: Bool = true) throws(FileError) {
        try replace(path, with: text.utf8, isFlushed: isFlushed)
    }

    /// Gives a finished (written and fsynced) temporary file its name, and makes the new name durable.
    public static func commit(_ temporary: String, as path: String) throws(FileError) {
        try move(temporary, to: path)
        try synchronizeFolder((path as NSString).deletingLastPathComponent)
    }

    /// Gives a file or folder another place on the same disk, and makes that durable. The source is never removed, so it
    /// has one of the two names afterwards, also when this fails.
    public static func rename(_ path: String, to target: String) throws(FileError) {
        guard Glibc.rename(path, target) == 0 else { throw .lastCall("move \(path) to", target) }
        try synchronizeFolder((target as NSString).deletingLastPathComponent)
    }

    private static func move(_ temporary: String, to path: String) throws(FileError) {
        guard Glibc.rename(temporary, path) == 0 else {
            let error = FileError.lastCall("write", path)
            unlink(temporary)
            throw error
        }
    }

    /// Flushes all that was written to the file system that holds a folder: one wait for many files.
    public static func flushFileSystem(holding folder: String) throws(FileError) {
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastCall("open the folder", folder) }
        defer { close(descriptor) }
        guard syncfs(descriptor) == 0 else { throw .lastCall("flush the file system of", folder) }
    }

    /// Flushes a folder's entries to the disk.
    public static func synchronizeFolder(_ path: String) throws(FileError) {
        let folder = path.isEmpty ? "." : path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastCall("open the folder", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .lastCall("flush the folder", folder) }
    }

    /// Makes a folder and those above it, where they are missing.
    public static func makeFolder(_ path: String) throws(FileError) {
        guard mkdir(path, 0o777) != 0 else { return }
        if errno == ENOENT {
            let parent = (path as NSString).deletingLastPathComponent
            guard parent != path, !parent.isEmpty else { throw .lastCall("make the folder", path) }
            try makeFolder(parent)
            guard mkdir(path, 0o777) != 0 else { return }
        }
        // Another rank may have made it meanwhile.
        let code = errno
        if code == EEXIST, isFolder(path) { return }
        errno = code == EEXIST ? ENOTDIR : code
        throw .lastCall("make the folder", path)
    }

    /// Removes a file, or a folder with all it holds; nothing happens where there is none.
    public static func remove(_ path: String) throws(FileError) {
        var information = stat()
        guard lstat(path, &information) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw .lastCall("remove", path)
        }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw FileError(action: "remove", path: path, reason: reason(error))
        }
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        if let underlying, underlying.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(underlying.code)))
        }
        return (error as NSError).localizedDescription
    }

    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    public static func isFolder(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    /// Names in a folder, sorted, without `.` and `..`.
    public static func list(_ folder: String) throws(FileError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw FileError(action: "list the folder", path: folder, reason: reason(error))
        }
    }
}

extension JSONValue {
    /// Reads a JSON file.
    ///
    /// - Throws: ``FileError``; a syntax error becomes one that names the file, line and column.
    public init(contentsOf path: String) throws(FileError) {
        let bytes = try FileAccess.read(path)
        do {
            try self.init(parsing: bytes)
        } catch {
            throw FileError(action: "understand the JSON file", path: path, reason: error.description)
        }
    }
}
