internal import CISAL
internal import Glibc

/// Reads a gzip file from its beginning to its end, piece by piece, and never inflates more than it is asked for.
///
/// Members that follow one another count as one content (RFC 1952, 2.2); zeros behind the last member are padding.
/// One thread at a time may use a reader.
public final class GzipReader {
    public let path: String
    /// Bytes of the compressed file.
    public let compressedByteCount: Int
    /// Bytes handed out so far.
    public private(set) var inflatedByteCount = 0

    private let descriptor: Int32
    private let state: UnsafeMutablePointer<inflate_state>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private var isInsideMember = false
    private var memberCount = 0
    private var isAtEnd = false

    /// Opens a file; nothing is inflated yet.
    ///
    /// - Parameter inputBufferSize: bytes of the file held at once.
    /// - Throws: ``ArchiveError`` when the file cannot be opened, is not a regular file, or is not gzip.
    public convenience init(path: String) throws(ArchiveError) {
        try self.init(path: path, inputBufferSize: 1 << 18)
    }

    package init(path: String, inputBufferSize: Int) throws(ArchiveError) {
        precondition(inputBufferSize >= 2, "a gzip member begins with two bytes, the buffer holds \(inputBufferSize)")
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .fileSystem(action: "read", path: path, reason: String(cString: strerror(errno)))
        }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .fileSystem(action: "read", path: path, reason: "it is not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        self.compressedByteCount = Int(information.st_size)
        state = .allocate(capacity: 1)
        input = .allocate(capacity: inputBufferSize)
        isal_inflate_init(state)
        // From here on `deinit` cleans up, also after a throw.
        try fill()
        guard state.pointee.avail_in > 0, try beginsMember() else { throw .notGzip(path: path) }
    }

    deinit {
        close(descriptor)
        state.deallocate()
        input.deallocate()
    }

    /// Inflates the next bytes into `target`.
    ///
    /// - Returns: the number of bytes; fewer than `target.count` only at the end of the content, whose checksum and
    ///   length have then been verified.
    /// - Throws: ``ArchiveError`` when the file ends too early or its data is damaged.
    public func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        var filled = 0
        while filled < target.count, !isAtEnd {
            if !isInsideMember {
                guard try startMember() else { break }
            }
            // The library counts in 32 bits; the slice lies inside `target`, whose base exists because it is not empty.
            let count = min(target.count - filled, 1 << 30)
            guard let base = target.baseAddress else { break }
            state.pointee.next_out = (base + filled).assumingMemoryBound(to: UInt8.self)
            state.pointee.avail_out = UInt32(count)
            try inflatePiece()
            let produced = count - Int(state.pointee.avail_out)
            filled += produced
            inflatedByteCount += produced
        }
        return filled
    }

    /// Whether the content has ended; inflates one byte more when it has not, which is lost.
    ///
    /// - Throws: ``ArchiveError``, as ``read(into:)``; so a true answer means that the checksum was right.
    public func endsHere() throws(ArchiveError) -> Bool {
        var byte: UInt8 = 0
        return try withUnsafeMutableBytes(of: &byte) { (buffer) throws(ArchiveError) in try read(into: buffer) } == 0
    }

    /// Runs the library until the output slice is full, the member ends, or the input is used up and was refilled.
    private func inflatePiece() throws(ArchiveError) {
        if state.pointee.avail_in == 0 { try fill() }
        let inputWasEmpty = state.pointee.avail_in == 0
        let room = state.pointee.avail_out
        switch isal_inflate(state) {
        case ISAL_DECOMP_OK, ISAL_END_INPUT, ISAL_OUT_OVERFLOW: break
        case ISAL_INCORRECT_CHECKSUM: throw .checksum(path: path)
        case ISAL_INVALID_WRAPPER, ISAL_UNSUPPORTED_METHOD: throw .notGzip(path: path)
        default: throw .damaged(path: path, inflatedCount: currentCount(room))
        }
        if state.pointee.block_state == ISAL_BLOCK_FINISH {
            isInsideMember = false
        } else if inputWasEmpty, state.pointee.avail_out == room {
            throw .truncated(path: path, inflatedCount: currentCount(room))
        }
    }

    private func currentCount(_ room: UInt32) -> Int { inflatedByteCount + Int(room) - Int(state.pointee.avail_out) }

    /// Makes the library ready for the next member; false at the end of the file.
    private func startMember() throws(ArchiveError) -> Bool {
        if state.pointee.avail_in == 0 { try fill() }
        if memberCount > 0 {
            while state.pointee.avail_in > 0, state.pointee.next_in.pointee == 0 {
                state.pointee.next_in += 1
                state.pointee.avail_in -= 1
                if state.pointee.avail_in == 0 { try fill() }
            }
            guard state.pointee.avail_in > 0 else {
                isAtEnd = true
                return false
            }
            guard try beginsMember() else { throw .trailingBytes(path: path) }
        }
        let (next, available) = (state.pointee.next_in, state.pointee.avail_in)
        isal_inflate_reset(state)
        state.pointee.next_in = next
        state.pointee.avail_in = available
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
        memberCount += 1
        isInsideMember = true
        return true
    }

    /// Whether the next bytes are a member's first two; reads on when only one of them is in the buffer.
    private func beginsMember() throws(ArchiveError) -> Bool {
        if state.pointee.avail_in == 1 {
            guard state.pointee.next_in.pointee == 0x1F else { return false }
            // The one byte left moves to the front, the next ones are read behind it.
            input[0] = 0x1F
            let count = try readFile(into: UnsafeMutableBufferPointer(rebasing: input[1...]))
            state.pointee.next_in = input.baseAddress
            state.pointee.avail_in = UInt32(1 + count)
            guard count > 0 else { throw .truncated(path: path, inflatedCount: inflatedByteCount) }
        }
        return state.pointee.next_in[0] == 0x1F && state.pointee.next_in[1] == 0x8B
    }

    /// Refills the input buffer, which must be used up; leaves it empty at the end of the file.
    private func fill() throws(ArchiveError) {
        let count = try readFile(into: input)
        state.pointee.next_in = input.baseAddress
        state.pointee.avail_in = UInt32(count)
    }

    private func readFile(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(ArchiveError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw .fileSystem(action: "read", path: path, reason: String(cString: strerror(errno)))
            }
        }
    }
}
