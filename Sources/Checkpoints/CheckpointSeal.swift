import Documents
import Foundation

/// The first 512 bytes of a checkpoint, HDF5's user block: what the file is, how long, and the digest of all that
/// follows.
///
/// It is written last and read first: a file that was never finished, was cut off or has one wrong bit is refused
/// before the HDF5 library, whose parsers trust their input, sees it.
struct CheckpointSeal: Equatable {
    static let byteCount = 512
    private static let magic = "PGPS checkpoint 1"

    /// Finished iterations: the age of the checkpoint.
    var iteration: Int
    /// Bytes of the whole file.
    var fileByteCount: Int
    /// SHA-256 of the bytes after the seal.
    var digest: String

    /// Four lines of text and the digest of these, filled up with line ends.
    var bytes: [UInt8] {
        let lines = "\(Self.magic)\niteration \(iteration)\nbytes \(fileByteCount)\nsha256 \(digest)\n"
        let text = lines + "seal \(SHA256.digest(of: Array(lines.utf8)))\n"
        return Array(text.utf8) + [UInt8](repeating: UInt8(ascii: "\n"), count: Self.byteCount - text.utf8.count)
    }

    init(iteration: Int, fileByteCount: Int, digest: String) {
        self.iteration = iteration
        self.fileByteCount = fileByteCount
        self.digest = digest
    }

    init(bytes: [UInt8]) throws(CheckpointError) {
        guard bytes.count == Self.byteCount else {
            throw .damaged("it has \(bytes.count) bytes, fewer than the \(Self.byteCount) of its seal")
        }
        if bytes.allSatisfy({ $0 == 0 }) { throw .damaged("it was never finished (its seal is empty)") }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 5, lines[0] == Self.magic else {
            throw CheckpointError(.foreign("it does not start with \"\(Self.magic)\""))
        }
        func value(_ line: Int, _ name: String) -> String? {
            lines[line].hasPrefix(name + " ") ? String(lines[line].dropFirst(name.count + 1)) : nil
        }
        guard let iteration = value(1, "iteration").flatMap({ Int($0) }),
            let length = value(2, "bytes").flatMap({ Int($0) }),
            let digest = value(3, "sha256"), digest.utf8.count == 64
        else { throw .damaged("its seal cannot be read") }
        self.init(iteration: iteration, fileByteCount: length, digest: digest)
        guard self.bytes == bytes else { throw .damaged("its seal is broken") }
    }

    /// Reads the seal alone.
    static func read(_ path: String) throws(CheckpointError) -> CheckpointSeal {
        let descriptor = try openForReading(path)
        defer { Glibc.close(descriptor) }
        return try read(descriptor)
    }

    private static func read(_ descriptor: Int32) throws(CheckpointError) -> CheckpointSeal {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let count = try fill(&bytes, from: descriptor, at: 0)
        return try CheckpointSeal(bytes: Array(bytes[..<count]))
    }

    /// Reads the whole file and compares it with its seal.
    static func verify(_ path: String) throws(CheckpointError) -> CheckpointSeal {
        let descriptor = try openForReading(path)
        defer { Glibc.close(descriptor) }
        let seal = try read(descriptor)
        let (length, digest) = try digest(descriptor)
        guard length == seal.fileByteCount else {
            throw .damaged("it has \(length) bytes where \(seal.fileByteCount) were written")
        }
        guard digest == seal.digest else { throw .damaged("its content is not what was written (SHA-256 differs)") }
        return seal
    }

    /// Seals a finished file and flushes it to the disk.
    static func stamp(_ path: String, iteration: Int) throws(CheckpointError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .lastCall("seal") }
        defer { Glibc.close(descriptor) }
        let (length, digest) = try digest(descriptor)
        let bytes = CheckpointSeal(iteration: iteration, fileByteCount: length, digest: digest).bytes
        let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard written == bytes.count, fsync(descriptor) == 0 else { throw .lastCall("seal") }
    }

    /// The bytes of a file, and the digest of those after the seal.
    private static func digest(_ descriptor: Int32) throws(CheckpointError) -> (byteCount: Int, digest: String) {
        var sum = SHA256()
        var bytes = [UInt8](repeating: 0, count: 1 << 22)
        var position = byteCount
        while true {
            let count = try fill(&bytes, from: descriptor, at: position)
            bytes.withUnsafeBytes { sum.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            position += count
            if count < bytes.count { return (position, sum.hexadecimalDigest()) }
        }
    }

    /// Reads until the array is full or the file ends.
    private static func fill(_ bytes: inout [UInt8], from descriptor: Int32, at position: Int) throws(CheckpointError)
        -> Int
    {
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, position + filled)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .lastCall("read") }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private static func openForReading(_ path: String) throws(CheckpointError) -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? CheckpointError(.missing) : .lastCall("read") }
        if FileAccess.isFolder(path) {
            Glibc.close(descriptor)
            throw CheckpointError(.foreign("it is a folder"))
        }
        return descriptor
    }
}

extension CheckpointError {
    /// The failure of the system call that has just returned.
    static func lastCall(_ action: String) -> CheckpointError {
        CheckpointError(.refused(action: action, reason: String(cString: strerror(errno))))
    }
}
