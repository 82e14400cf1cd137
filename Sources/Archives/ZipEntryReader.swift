internal import CISAL

/// Reads the content of one entry of a zip archive from its beginning to its end, piece by piece, and never inflates more
/// than it is asked for.
///
/// One thread at a time may use a reader; several readers of one archive may work at once.
public final class ZipEntryReader {
    public let entry: ZipReader.Entry
    /// Bytes handed out so far.
    public private(set) var readByteCount = 0

    private let file: ArchiveFile
    private let contentStart: Int
    /// Compressed bytes taken from the archive so far.
    private var takenByteCount = 0
    private var checksum: UInt32 = 0
    private var isVerified = false
    private let buffers: Buffers?

    /// Buffers of an inflating reader.
    private final class Buffers {
        static let inputSize = 1 << 18
        let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: inputSize)

        init() {
            isal_inflate_init(state)
            state.pointee.crc_flag = UInt32(ISAL_DEFLATE)
        }

        deinit {
            state.deallocate()
            input.deallocate()
        }
    }

    /// Finds an entry's content; none of it is read yet.
    ///
    /// - Throws: ``ArchiveError`` when the content is not where the directory says, or is too small for what it
    ///   declares.
    public init(_ entry: ZipReader.Entry, of archive: ZipReader) throws(ArchiveError) {
        self.entry = entry
        file = archive.file
        contentStart = try archive.contentStart(of: entry)
        buffers = entry.isCompressed ? Buffers() : nil
        guard entry.count / DeflateFormat.largestRatio <= entry.storedCount else {
            throw damaged("\(entry.count) bytes do not fit into the \(entry.storedCount) that it takes")
        }
    }

    /// Reads the next bytes into `target`.
    ///
    /// - Returns: the number of bytes; fewer than `target.count` only at the end of the content. The read that reaches
    ///   the end has verified the checksum.
    /// - Throws: ``ArchiveError`` when the data is damaged or not as long as the directory says.
    public func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let wanted = min(target.count, entry.count - readByteCount)
        var filled = 0
        while filled < wanted {
            let piece = UnsafeMutableRawBufferPointer(rebasing: target[filled..<min(wanted, filled + 1 << 30)])
            let count = try readPiece(into: piece)
            guard count > 0 else { throw damaged("its data ends after \(readByteCount) bytes") }
            filled += count
        }
        if readByteCount == entry.count, !isVerified { try verify() }
        return filled
    }

    /// Reads at least one byte, unless the data has ended.
    private func readPiece(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        var count = target.count
        if let buffers {
            count = try inflate(into: target, buffers)
        } else {
            try file.read(into: target, at: contentStart + takenByteCount)
            takenByteCount += count
        }
        if let base = target.baseAddress {
            checksum = ZipChecksum.of(UnsafeRawBufferPointer(start: base, count: count), after: checksum)
        }
        readByteCount += count
        return count
    }

    private func inflate(
        into target: UnsafeMutableRawBufferPointer, _ buffers: Buffers
    ) throws(ArchiveError) -> Int {
        let state = buffers.state
        state.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = UInt32(target.count)
        var mayGoOn = true
        while mayGoOn, state.pointee.avail_out == UInt32(target.count), state.pointee.block_state != ISAL_BLOCK_FINISH {
            if state.pointee.avail_in == 0 { try fill(buffers) }
            // Without input, the library still hands out what it holds back.
            mayGoOn = state.pointee.avail_in > 0
            switch isal_inflate(state) {
            case ISAL_DECOMP_OK, ISAL_END_INPUT, ISAL_OUT_OVERFLOW: break
            default: throw damaged("its data is damaged after \(readByteCount) bytes")
            }
        }
        return target.count - Int(state.pointee.avail_out)
    }

    /// Refills the input buffer, which must be used up; leaves it empty at the end of the data.
    private func fill(_ buffers: Buffers) throws(ArchiveError) {
        let count = min(Buffers.inputSize, entry.storedCount - takenByteCount)
        let piece = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffers.input)[..<count])
        try file.read(into: piece, at: contentStart + takenByteCount)
        takenByteCount += count
        buffers.state.pointee.next_in = buffers.input.baseAddress
        buffers.state.pointee.avail_in = UInt32(count)
    }

    /// Checks that the data ends here, too, and that its checksum is right.
    private func verify() throws(ArchiveError) {
        if let buffers {
            var byte: UInt8 = 0
            var count = 0
            var failure: ArchiveError?
            withUnsafeMutableBytes(of: &byte) { target in
                do throws(ArchiveError) { count = try inflate(into: target, buffers) } catch { failure = error }
            }
            if let failure { throw failure }
            guard count == 0, buffers.state.pointee.block_state == ISAL_BLOCK_FINISH else {
                throw damaged("its data is not \(entry.count) bytes long, as the directory says")
            }
        }
        guard checksum == entry.checksum else { throw damaged("its content does not match its checksum") }
        isVerified = true
    }

    private func damaged(_ problem: String) -> ArchiveError {
        .zip(path: file.path, problem: "its entry \"\(entry.name)\" cannot be read: \(problem)")
    }
}
