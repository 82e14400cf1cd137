import Archives
import Foundation
import TestSupport
import Testing

@Suite struct GzipTests {
    /// Bytes that a formula gives, the same as in Fixtures/gzip_files.py.
    static func content(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(($0 * $0 + $0 / 7) % 251) } }

    static func compress(_ bytes: [UInt8]) throws -> [UInt8] { try bytes.withUnsafeBytes { try Gzip.compress($0) } }

    /// Everything in a gzip file, read in pieces of `pieceSize`.
    static func inflate(_ file: [UInt8], pieceSize: Int = 1 << 16, inputBufferSize: Int = 1 << 18) throws -> [UInt8] {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/x.gz"
            // Thousands of files: not through Foundation, which flushes each to the disk.
            let handle = try #require(fopen(path, "w"))
            fwrite(file, 1, file.count, handle)
            fclose(handle)
            let reader = try GzipReader(path: path, inputBufferSize: inputBufferSize)
            var result: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: pieceSize)
            while true {
                let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
                result += piece[..<count]
                if count < pieceSize { return result }
            }
        }
    }

    @Test("what was compressed comes back", arguments: [0, 1, 17, 4096, 300_000])
    func roundTrip(count: Int) throws {
        let bytes = Self.content(count)
        let file = try Self.compress(bytes)
        #expect(Gzip.isGzip(file))
        #expect(try Self.inflate(file) == bytes)
        #expect(try Self.compress(bytes) == file, "the same input gave other bytes")
    }

    @Test("noise, which does not compress, comes back") func noise() throws {
        var state: UInt64 = 1
        let bytes = (0..<200_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        #expect(try Self.inflate(Self.compress(bytes), pieceSize: 777) == bytes)
    }

    @Test("every size of the two buffers gives the same bytes, also over concatenated members and padding")
    func bufferSizes() throws {
        let first = Self.content(700)
        let second = Self.content(90)
        let file = try Self.compress(first) + Self.compress([]) + Self.compress(second) + [0, 0, 0]
        for inputBufferSize in Array(2...40) + [file.count - 1, file.count] {
            for pieceSize in [1, 2, 7, 256, 4096] {
                #expect(
                    try Self.inflate(file, pieceSize: pieceSize, inputBufferSize: inputBufferSize) == first + second,
                    "buffer of \(inputBufferSize), pieces of \(pieceSize)")
            }
        }
    }

    @Test("files of Python's gzip are read, and ours agree with Python's checksum") func fixtures() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: TestFiles.beside(#filePath, "Fixtures/gzip_files.json")))
        let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [[String: Any]]])
        for entry in try #require(document["files"]) {
            let name = try #require(entry["name"] as? String)
            let count = try #require(entry["count"] as? Int)
            let digits = Array(try #require(entry["hexadecimal"] as? String))
            let file = try stride(from: 0, to: digits.count, by: 2).map { index in
                try #require(UInt8(String(digits[index..<index + 2]), radix: 16))
            }
            #expect(try Self.inflate(file) == Self.content(count), "\(name)")
            // Checksum and length stand in the last eight bytes, whoever compressed.
            #expect(try Self.compress(Self.content(count)).suffix(8) == file.suffix(8), "\(name)")
        }
    }

    @Test("a file cut anywhere is refused") func everyTruncation() throws {
        let file = try Self.compress(Self.content(400))
        for length in 0..<file.count {
            let error = #expect(throws: ArchiveError.self, "cut to \(length) bytes") {
                try Self.inflate(Array(file[..<length]))
            }
            switch error {
            case .notGzip: #expect(length == 0)
            case .truncated(_, let inflatedCount): #expect(length > 0 && inflatedCount <= 400)
            default: Issue.record("cut to \(length) bytes: \(String(describing: error))")
            }
        }
    }

    @Test("a flipped bit is an error, or stands where it does no harm") func everyBitFlip() throws {
        let bytes = Self.content(150)
        let file = try Self.compress(bytes)
        for position in file.indices {
            for bit in 0..<8 {
                var flipped = file
                flipped[position] ^= 1 << bit
                do {
                    // Time and system in the header, and the padding of a stored block, say nothing about the content.
                    #expect(try Self.inflate(flipped) == bytes, "byte \(position), bit \(bit)")
                    #expect((3...10).contains(position), "byte \(position), bit \(bit)")
                } catch is ArchiveError {
                }
            }
        }
    }

    @Test("the content's checksum and the bytes behind it are verified, but only at the end")
    func endIsVerified() throws {
        var wrong = try Self.compress(Self.content(100))
        wrong[wrong.count - 8] ^= 1
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/x.gz"
            try Data(wrong).write(to: URL(fileURLWithPath: path))
            let reader = try GzipReader(path: path)
            var start = [UInt8](repeating: 0, count: 60)
            #expect(try start.withUnsafeMutableBytes { try reader.read(into: $0) } == 60)
            #expect(start == Array(Self.content(100)[..<60]))
            #expect(reader.inflatedByteCount == 60)
            var rest = [UInt8](repeating: 0, count: 41)
            #expect(throws: ArchiveError.checksum(path: path)) {
                try rest.withUnsafeMutableBytes { try reader.read(into: $0) }
            }
        }
        let followed = try Self.compress(Self.content(100)) + [0, 7]
        #expect(throws: ArchiveError.self) { try Self.inflate(followed) }
    }

    @Test("a bomb inflates no further than asked") func bomb() throws {
        let file = try Self.compress([UInt8](repeating: 0, count: 8 << 20))
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/bomb.gz"
            try Data(file).write(to: URL(fileURLWithPath: path))
            let reader = try GzipReader(path: path)
            #expect(reader.compressedByteCount == file.count)
            var start = [UInt8](repeating: 1, count: 352)
            #expect(try start.withUnsafeMutableBytes { try reader.read(into: $0) } == 352)
            #expect(try !reader.endsHere())
            #expect(reader.inflatedByteCount == 353)
        }
    }

    @Test("folders, missing and empty files are named") func unreadable() throws {
        try TestFiles.withTemporaryFolder { folder in
            #expect(
                throws: ArchiveError.fileSystem(
                    action: "read", path: folder, reason: "it is not a regular file")
            ) { try GzipReader(path: folder) }
            #expect(
                throws: ArchiveError.fileSystem(
                    action: "read", path: folder + "/no", reason: "No such file or directory")
            ) { try GzipReader(path: folder + "/no") }
            try Data().write(to: URL(fileURLWithPath: folder + "/empty"))
            #expect(throws: ArchiveError.notGzip(path: folder + "/empty")) { try GzipReader(path: folder + "/empty") }
        }
    }
}
