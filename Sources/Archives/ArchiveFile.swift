internal import Glibc

/// A regular file that is read from any place.
package final class ArchiveFile {
    package let path: String
    package let byteCount: Int
    private let descriptor: Int32

    package init(path: String) throws(ArchiveError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .lastCall("read", path) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .fileSystem(action: "read", path: path, reason: "it is not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = Int(information.st_size)
    }

    deinit { close(descriptor) }

    /// Fills a buffer with the bytes from a place on.
    func read(into buffer: UnsafeMutableRawBufferPointer, at place: Int) throws(ArchiveError) {
        guard let base = buffer.baseAddress else { return }
        var filled = 0
        while filled < buffer.count {
            let taken = pread(descriptor, base + filled, buffer.count - filled, place + filled)
            if taken < 0 && errno == EINTR { continue }
            guard taken >= 0 else { throw .lastCall("read", path) }
            guard taken > 0 else { throw .zip(path: path, problem: "it ends before byte \(place + buffer.count)") }
            filled += taken
        }
    }

    /// The bytes at a place inside the file.
    package func bytes(at place: Int, count: Int) throws(ArchiveError) -> [UInt8] {
        guard place >= 0, count >= 0, count <= byteCount, place <= byteCount - count else {
            throw .zip(path: path, problem: "it ends before byte \(place) + \(count)")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        let result: Result<Void, ArchiveError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(ArchiveError) {
                try read(into: buffer, at: place)
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
        return bytes
    }
}

extension ArchiveError {
    /// The failure of the system call that has just returned.
    static func lastCall(_ action: String, _ path: String) -> ArchiveError {
        .fileSystem(action: action, path: path, reason: String(cString: strerror(errno)))
    }
}
