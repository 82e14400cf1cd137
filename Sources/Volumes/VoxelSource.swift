import Archives
import Documents
internal import Glibc

/// A file read from its beginning to its end, plain or gzip; its content decides which, not its name.
final class VoxelSource {
    let path: String
    /// Bytes of the file on the disk.
    let byteCount: Int
    private let descriptor: Int32
    private let archive: GzipReader?

    init(path: String) throws(VolumeError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .file(.lastCall("read", path)) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            let isFolder = information.st_mode & S_IFMT == S_IFDIR
            close(descriptor)
            throw .file(
                FileError(action: "read", path: path, reason: isFolder ? "it is a folder" : "it is not a regular file"))
        }
        var start = [UInt8](repeating: 0, count: 40)
        let count = pread(descriptor, &start, start.count, 0)
        do throws(VolumeError) {
            guard count >= 0 else { throw .file(.lastCall("read", path)) }
            if count == 0 { throw .empty(path: path) }
            if start.starts(with: "version https://git-lfs".utf8) { throw .largeFilePointer(path: path) }
            archive = Gzip.isGzip(Array(start[..<count])) ? try Self.gzip(path) : nil
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        self.byteCount = Int(information.st_size)
    }

    deinit { close(descriptor) }

    private static func gzip(_ path: String) throws(VolumeError) -> GzipReader {
        do throws(ArchiveError) { return try GzipReader(path: path) } catch { throw .archive(error) }
    }

    /// Reads on; fewer than `target.count` bytes come only at the end of the content.
    func read(into target: UnsafeMutableRawBufferPointer) throws(VolumeError) -> Int {
        if let archive {
            do throws(ArchiveError) { return try archive.read(into: target) } catch { throw .archive(error) }
        }
        var filled = 0
        while filled < target.count, let base = target.baseAddress {
            let count = Glibc.read(descriptor, base + filled, target.count - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(.lastCall("read", path)) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Reads bytes and forgets them; false when the content ends before.
    func skip(_ count: Int) throws(VolumeError) -> Bool {
        var left = count
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 1 << 16), alignment: 16)
        defer { piece.deallocate() }
        while left > 0 {
            let wanted = min(left, piece.count)
            let taken = try read(into: UnsafeMutableRawBufferPointer(rebasing: piece[..<wanted]))
            left -= taken
            if taken < wanted { return false }
        }
        return true
    }

    /// The next bytes, at most `count`; fewer only at the end of the content.
    func bytes(_ count: Int) throws(VolumeError) -> [UInt8] {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { piece.deallocate() }
        return Array(piece[..<(try read(into: piece))])
    }

    /// Refuses a declared size that the file cannot hold, before anything is allocated for it.
    ///
    /// Deflate's ratio is limited, so a gzip file has a limit, too.
    func check(declares needed: Int) throws(VolumeError) {
        if archive == nil {
            guard needed <= byteCount else { throw .tooShort(path: path, needed: needed, present: byteCount) }
        } else {
            guard needed / DeflateFormat.largestRatio <= byteCount else {
                throw .tooSmall(path: path, needed: needed, compressed: byteCount)
            }
        }
    }

    /// Verifies gzip's checksum when the content ends here; what may follow is nobody's.
    func finish() throws(VolumeError) {
        guard let archive else { return }
        do throws(ArchiveError) { _ = try archive.endsHere() } catch { throw .archive(error) }
    }
}
