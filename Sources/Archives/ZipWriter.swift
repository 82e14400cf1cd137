internal import Glibc

/// Writes a zip archive entry by entry; the file appears under its name when it is complete.
///
/// Standard: PKWARE APPNOTE 6.3 (methods 0, stored, and 8, deflate; every size and offset as ZIP64). Python's `zipfile`,
/// and so NumPy's `.npz`, reads the result; so does torch. One thread at a time may use a writer.
public final class ZipWriter {
    public let path: String
    private let temporaryPath: String
    private var descriptor: Int32
    private var position = 0
    private var entries: [Entry] = []

    private struct Entry {
        let name: [UInt8]
        let offset: Int
        /// Zeros in the local header that move the content to its alignment; nil: the entry is compressed.
        var padding: Int?
        var checksum: UInt32 = 0
        var compressedCount = 0
        var count = 0

        var method: UInt16 { padding == nil ? 8 : 0 }
    }

    /// The extra field of the padding, which readers pass over.
    private static let paddingField: UInt16 = 0x4246

    /// Begins an archive beside its final place.
    public init(path: String) throws(ArchiveError) {
        self.path = path
        temporaryPath = "\(path).tmp\(getpid())"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure() }
    }

    /// Removes what was written unless ``finish()`` has succeeded.
    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporaryPath)
    }

    private func failure() -> ArchiveError {
        .fileSystem(action: "write", path: path, reason: String(cString: strerror(errno)))
    }

    /// Adds one file, compressed.
    ///
    /// - Parameters:
    ///   - name: its path inside the archive.
    ///   - parts: its content, in pieces that follow one another.
    /// - Determinism: the entry carries no time of its own (1980-01-01).
    public func add(_ name: String, parts: [UnsafeRawBufferPointer]) throws(ArchiveError) {
        var entry = Entry(name: Array(name.utf8), offset: position)
        entry.count = parts.reduce(0) { $0 + $1.count }
        // Sizes are filled in afterwards; the header always has room for long ones, so it never changes its length.
        try write(localHeader(of: entry))
        let start = position
        for part in parts { entry.checksum = ZipChecksum.of(part, after: entry.checksum) }
        try Deflation(isGzip: false).run(parts) { (piece) throws(ArchiveError) in try write(piece) }
        entry.compressedCount = position - start
        try write(localHeader(of: entry), at: entry.offset)
        entries.append(entry)
    }

    /// Adds one file as it is.
    ///
    /// - Parameters:
    ///   - name: its path inside the archive.
    ///   - parts: its content, in pieces that follow one another.
    ///   - alignment: the content begins at a multiple of so many bytes of the archive.
    /// - Determinism: as ``add(_:parts:)``.
    public func store(
        _ name: String, parts: [UnsafeRawBufferPointer], alignment: Int = 1
    ) throws(ArchiveError) {
        var entry = Entry(name: Array(name.utf8), offset: position)
        entry.count = parts.reduce(0) { $0 + $1.count }
        entry.compressedCount = entry.count
        for part in parts { entry.checksum = ZipChecksum.of(part, after: entry.checksum) }
        entry.padding = 0
        let start = position + localHeader(of: entry).count
        entry.padding = (alignment - start % alignment) % alignment
        try write(localHeader(of: entry))
        for part in parts { try write(part) }
        entries.append(entry)
    }

    /// Writes the directory of entries, flushes the file to the disk and gives it its name.
    public func finish() throws(ArchiveError) {
        let directoryStart = position
        for entry in entries { try write(directoryEntry(of: entry)) }
        try write(endRecords(directoryStart: directoryStart, directoryCount: position - directoryStart))
        guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else { throw failure() }
        close(descriptor)
        descriptor = -1
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folderDescriptor >= 0 else { throw failure() }
        defer { close(folderDescriptor) }
        guard fsync(folderDescriptor) == 0 || errno == EINVAL else { throw failure() }
    }

    // MARK: Records

    private func localHeader(of entry: Entry) -> [UInt8] {
        var record = Record(0x0403_4B50)
        record.append(UInt16(45), UInt16(0x0800), entry.method, UInt16(0), UInt16(0x0021))
        record.append(entry.checksum, UInt32.max, UInt32.max)
        record.append(UInt16(entry.name.count), UInt16(20 + (entry.padding.map { 4 + $0 } ?? 0)))
        record.bytes += entry.name
        record.append(UInt16(1), UInt16(16))
        record.append(UInt64(entry.count), UInt64(entry.compressedCount))
        if let padding = entry.padding {
            record.append(Self.paddingField, UInt16(padding))
            record.bytes += [UInt8](repeating: 0, count: padding)
        }
        return record.bytes
    }

    private func directoryEntry(of entry: Entry) -> [UInt8] {
        var record = Record(0x0201_4B50)
        record.append(UInt16(0x032D), UInt16(45), UInt16(0x0800), entry.method, UInt16(0), UInt16(0x0021))
        record.append(entry.checksum, UInt32.max, UInt32.max)
        record.append(UInt16(entry.name.count), UInt16(28), UInt16(0), UInt16(0), UInt16(0))
        record.append(UInt32(0o100644) << 16, UInt32.max)
        record.bytes += entry.name
        record.append(UInt16(1), UInt16(24))
        record.append(UInt64(entry.count), UInt64(entry.compressedCount), UInt64(entry.offset))
        return record.bytes
    }

    private func endRecords(directoryStart: Int, directoryCount: Int) -> [UInt8] {
        var end = Record(0x0606_4B50)
        end.append(UInt64(44))
        end.append(UInt16(0x032D), UInt16(45))
        end.append(UInt32(0), UInt32(0))
        end.append(UInt64(entries.count), UInt64(entries.count), UInt64(directoryCount), UInt64(directoryStart))
        var locator = Record(0x0706_4B50)
        locator.append(UInt32(0))
        locator.append(UInt64(directoryStart + directoryCount))
        locator.append(UInt32(1))
        var last = Record(0x0605_4B50)
        let count = UInt16(clamping: entries.count)
        last.append(UInt16(0), UInt16(0), count, count)
        last.append(UInt32(clamping: directoryCount), UInt32(clamping: directoryStart))
        last.append(UInt16(0))
        return end.bytes + locator.bytes + last.bytes
    }

    /// Little-endian fields behind a signature.
    private struct Record {
        var bytes: [UInt8] = []

        init(_ signature: UInt32) { append(signature) }

        mutating func append<Field: FixedWidthInteger>(_ fields: Field...) {
            for field in fields { withUnsafeBytes(of: field.littleEndian) { bytes.append(contentsOf: $0) } }
        }
    }

    // MARK: Output

    private func write(_ bytes: [UInt8], at offset: Int? = nil) throws(ArchiveError) {
        let result: Result<Void, ArchiveError> = bytes.withUnsafeBytes { content in
            do throws(ArchiveError) {
                try write(content, at: offset)
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Appends bytes, or replaces those at an offset.
    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int? = nil) throws(ArchiveError) {
        guard let base = bytes.baseAddress else { return }
        var written = 0
        while written < bytes.count {
            let place = (offset ?? position) + written
            let taken = pwrite(descriptor, base + written, bytes.count - written, place)
            if taken < 0 && errno == EINTR { continue }
            guard taken > 0 else { throw failure() }
            written += taken
        }
        if offset == nil { position += bytes.count }
    }
}
