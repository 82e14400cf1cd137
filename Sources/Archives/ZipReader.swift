internal import CISAL
internal import Glibc

/// Reads a zip archive by its directory: nothing is inflated or allocated before the directory has been checked
/// against the file.
///
/// Standard: PKWARE APPNOTE 6.3 (methods 0, stored, and 8, deflate; ZIP64). Encrypted and split archives are refused. No
/// two entries share bytes, so all stored entries together are never larger than the file. One thread at a time may use
/// a reader.
public final class ZipReader {
    /// One file of an archive.
    public struct Entry: Sendable, Equatable {
        /// Its path inside the archive, as written there.
        public let name: String
        /// Bytes of its content, and of the same in the archive.
        public let count: Int
        public let storedCount: Int
        public let isCompressed: Bool
        public let isSymbolicLink: Bool
        let checksum: UInt32
        /// Where its local header begins, and where the next entry, or the directory, does.
        let offset: Int
        var limit: Int

        public var isFolder: Bool { name.hasSuffix("/") }
    }

    public let path: String
    /// Bytes of the archive.
    public let byteCount: Int
    /// In the order of the directory.
    public let entries: [Entry]
    private let places: [String: Int]
    let file: ArchiveFile

    /// Opens an archive and reads its directory.
    ///
    /// - Throws: ``ArchiveError`` when the file cannot be opened, is no regular file, or its directory makes no sense.
    public init(path: String) throws(ArchiveError) {
        self.path = path
        file = try ArchiveFile(path: path)
        byteCount = file.byteCount
        entries = try ZipDirectory(file).entries
        var places: [String: Int] = [:]
        for (index, entry) in entries.enumerated() where places.updateValue(index, forKey: entry.name) != nil {
            throw .zip(path: path, problem: "it holds \"\(entry.name)\" twice")
        }
        self.places = places
    }

    /// The entry of a name.
    public subscript(name: String) -> Entry? { places[name].map { entries[$0] } }

    /// The whole content of a stored entry; its checksum has been verified.
    ///
    /// - Throws: ``ArchiveError``; also for a compressed entry, whose content may be far larger than the archive.
    public func contents(of entry: Entry) throws(ArchiveError) -> [UInt8] {
        guard !entry.isCompressed else {
            throw .zip(path: path, problem: "its entry \"\(entry.name)\" is compressed, but must be stored")
        }
        let start = try contentStart(of: entry)
        var bytes = [UInt8](repeating: 0, count: entry.count)
        let result: Result<UInt32, ArchiveError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(ArchiveError) {
                try file.read(into: buffer, at: start)
                return .success(ZipChecksum.of(UnsafeRawBufferPointer(buffer)))
            } catch { return .failure(error) }
        }
        guard try result.get() == entry.checksum else {
            throw .zip(
                path: path,
                problem: "its entry \"\(entry.name)\" cannot be read: its content does not match its checksum")
        }
        return bytes
    }

    /// Writes the content of an entry to a new file, piece by piece and never more than the archive declares.
    ///
    /// - Throws: ``ArchiveError``; the new file is gone then.
    public func extract(_ entry: Entry, to target: String) throws(ArchiveError) {
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw .lastCall("write", target) }
        defer { close(output) }
        do throws(ArchiveError) {
            let reader = try ZipEntryReader(entry, of: self)
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
            defer { piece.deallocate() }
            var count = piece.count
            while count == piece.count {
                count = try reader.read(into: piece)
                try Self.write(UnsafeRawBufferPointer(rebasing: piece[..<count]), to: output, target)
            }
            guard fsync(output) == 0 else { throw .lastCall("write", target) }
        } catch {
            unlink(target)
            throw error
        }
    }

    private static func write(
        _ piece: UnsafeRawBufferPointer, to output: Int32, _ path: String
    ) throws(ArchiveError) {
        var written = 0
        while written < piece.count {
            let taken = Glibc.write(output, piece.baseAddress.map { $0 + written }, piece.count - written)
            if taken < 0 && errno == EINTR { continue }
            guard taken > 0 else { throw .lastCall("write", path) }
            written += taken
        }
    }

    /// Where the content begins: behind the local header, whose length the directory does not say.
    func contentStart(of entry: Entry) throws(ArchiveError) -> Int {
        let header = try file.bytes(at: entry.offset, count: ZipDirectory.localHeaderCount)
        guard header.number(0, 4) == 0x0403_4B50 else {
            throw .zip(path: path, problem: "\"\(entry.name)\" does not begin where the directory says")
        }
        let start = entry.offset + header.count + header.number(26, 2) + header.number(28, 2)
        guard start + entry.storedCount <= entry.limit else {
            throw .zip(path: path, problem: "\"\(entry.name)\" reaches into what follows it")
        }
        return start
    }
}

/// The CRC-32 of zip and gzip.
enum ZipChecksum {
    static func of(_ part: UnsafeRawBufferPointer, after checksum: UInt32 = 0) -> UInt32 {
        guard let base = part.baseAddress else { return checksum }
        return crc32_gzip_refl(checksum, base.assumingMemoryBound(to: UInt8.self), UInt64(part.count))
    }
}
