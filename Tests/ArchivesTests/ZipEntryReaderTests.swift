import Archives
import Foundation
import TestSupport
import Testing

@Suite struct ZipEntryReaderTests {
    /// The contents of all entries of an archive, read in pieces of `pieceSize`.
    static func contents(_ file: [UInt8], pieceSize: Int = 1 << 16) throws -> [String: [UInt8]] {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/x.zip"
            // Thousands of files: not through Foundation, which flushes each to the disk.
            let handle = try #require(fopen(path, "w"))
            fwrite(file, 1, file.count, handle)
            fclose(handle)
            let archive = try ZipReader(path: path)
            var contents: [String: [UInt8]] = [:]
            for entry in archive.entries {
                let reader = try ZipEntryReader(entry, of: archive)
                var content: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: pieceSize)
                while true {
                    let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
                    content += piece[..<count]
                    if count < pieceSize { break }
                }
                #expect(content.count == entry.count)
                contents[entry.name] = content
            }
            return contents
        }
    }

    /// One stored entry "a" with the bytes 1, 2, 3, byte by byte; the checksum is 0x55BC801D.
    static let literal: [UInt8] =
        [
            0x50, 0x4B, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x1D, 0x80, 0xBC, 0x55, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0,
            0,
        ]
        + [0x61, 1, 2, 3]
        + [0x50, 0x4B, 1, 2, 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0x1D, 0x80, 0xBC, 0x55, 3, 0, 0, 0, 3, 0, 0, 0]
        + [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x61]
        + [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 47, 0, 0, 0, 34, 0, 0, 0, 0, 0]

    @Test("an archive written byte by byte is read") func byHand() throws {
        #expect(try Self.contents(Self.literal) == ["a": [1, 2, 3]])
    }

    /// The archives of the fixture: name, content lengths, bytes.
    static func fixtures() throws -> [(name: String, counts: [String: Int], file: [UInt8])] {
        let data = try Data(contentsOf: URL(fileURLWithPath: TestFiles.beside(#filePath, "Fixtures/zip_entries.json")))
        let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [[String: Any]]])
        return try #require(document["files"]).map { entry in
            let digits = Array(try #require(entry["hexadecimal"] as? String).utf8)
            let bytes = try stride(from: 0, to: digits.count, by: 2).map { index in
                try #require(UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16))
            }
            return (
                try #require(entry["name"] as? String), try #require(entry["entries"] as? [String: Int]), bytes
            )
        }
    }

    @Test("archives of Python's zipfile are read: stored, deflated, streamed, ZIP64, with a comment")
    func pythonsArchives() throws {
        for (name, counts, file) in try Self.fixtures() {
            for pieceSize in [1, 7, 256, 4096] {
                #expect(
                    try Self.contents(file, pieceSize: pieceSize) == counts.mapValues { GzipTests.content($0) },
                    "\(name), pieces of \(pieceSize)")
            }
        }
    }

    @Test("what ZipWriter wrote comes back") func roundTrip() throws {
        try TestFiles.withTemporaryFolder { folder in
            let bytes = GzipTests.content(700_000)
            let writer = try ZipWriter(path: folder + "/a.zip")
            try bytes.withUnsafeBytes { try writer.add("numbers", parts: [$0]) }
            try writer.add("empty", parts: [])
            try writer.finish()
            let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/a.zip")))
            #expect(try Self.contents(file) == ["numbers": bytes, "empty": []])
        }
    }

    @Test("an archive cut anywhere is refused") func everyTruncation() throws {
        for (name, counts, file) in try Self.fixtures() where !counts.isEmpty {
            for length in 0..<file.count {
                #expect(throws: ArchiveError.self, "\(name) cut to \(length) bytes") {
                    try Self.contents(Array(file[..<length]))
                }
            }
        }
    }

    @Test("a flipped bit is an error, or stands where it does no harm") func everyBitFlip() throws {
        for (name, counts, file) in try Self.fixtures() where name == "deflated" || name == "ZIP64" {
            let wanted = Set(counts.values.map { GzipTests.content($0) })
            for position in file.indices {
                for bit in 0..<8 {
                    var flipped = file
                    flipped[position] ^= 1 << bit
                    do {
                        // Names, times and versions say nothing about the content, and a shorter list is one, too.
                        let found = try Self.contents(flipped)
                        #expect(wanted.isSuperset(of: found.values), "\(name), byte \(position), bit \(bit)")
                    } catch is ArchiveError {
                    }
                }
            }
        }
    }

    @Test("an entry that declares more than its bytes can hold is refused before anything is inflated")
    func impossibleSize() throws {
        var file = try #require(Self.fixtures().first { $0.name == "deflated" }).file
        let directory = try #require(file.indices.first { Array(file[$0...].prefix(4)) == [0x50, 0x4B, 1, 2] })
        file.replaceSubrange(directory + 24..<directory + 28, with: [0xFE, 0xFF, 0xFF, 0xFF])
        let error = #expect(throws: ArchiveError.self) { try Self.contents(file) }
        let message = "\(try #require(error))"
        #expect(message.contains("numbers.npy") && message.contains("do not fit"))
    }

    @Test("the read that reaches the end verifies the checksum") func checksum() throws {
        var file = Self.literal
        file[31] = 9
        #expect("\(try #require(#expect(throws: ArchiveError.self) { try Self.contents(file) }))".contains("checksum"))
    }
}
