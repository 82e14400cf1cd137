/// Why a compressed file could not be read or made.
public enum ArchiveError: Error, Equatable, CustomStringConvertible {
    /// The file system refused a call; `reason` is its own text.
    case fileSystem(action: String, path: String, reason: String)
    /// The file does not begin as a gzip file does.
    case notGzip(path: String)
    /// The file ends inside a gzip member; `inflatedCount` bytes came out of it before.
    case truncated(path: String, inflatedCount: Int)
    /// A deflate block makes no sense; `inflatedCount` bytes came out of the file before.
    case damaged(path: String, inflatedCount: Int)
    /// The content differs from the checksum or the length that the file states about it.
    case checksum(path: String)
    /// Bytes that are neither zero nor a gzip member follow the last member.
    case trailingBytes(path: String)
    /// The compressor refused to work; `code` is ISA-L's.
    case compression(code: Int)
    /// What makes the file no whole zip archive, or one that is not read here.
    case zip(path: String, problem: String)

    public var description: String {
        switch self {
        case .fileSystem(let action, let path, let reason):
            "cannot \(action) \(path): \(reason)"
        case .notGzip(let path):
            "\(path) is not a gzip file: it does not begin with the bytes 1f 8b 08; "
                + "fetch the file again or correct its name"
        case .truncated(let path, let inflatedCount):
            "\(path) ends in the middle of its gzip data, after \(inflatedCount) inflated bytes; "
                + "copy or download the file again"
        case .damaged(let path, let inflatedCount):
            "\(path) has damaged gzip data after \(inflatedCount) inflated bytes; copy or download the file again"
        case .checksum(let path):
            "\(path) has damaged gzip data: its content does not match the checksum and length at its end; "
                + "copy or download the file again"
        case .trailingBytes(let path):
            "\(path) has bytes behind its gzip data that are not gzip; copy or download the file again"
        case .compression(let code):
            "cannot compress: ISA-L returned \(code)"
        case .zip(let path, let problem):
            "\(path) is not a whole zip archive: \(problem); copy or download the file again"
        }
    }
}
