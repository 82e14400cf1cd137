import Archives
import Documents
import Foundation
import TestSupport
import Testing

@Suite struct ZipReaderTests {
    private static let text = Array(String(repeating: "a line that repeats itself\n", count: 200).utf8)
    private static let digits = Array("0123456789".utf8)

    private static func fixture(_ name: String) throws -> [UInt8] {
        let json = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/zip_files.json"))
        return [UInt8](try #require(Data(base64Encoded: json[name]?.string ?? "-")))
    }

    /// Opens an archive of these bytes.
    private static func with<Result>(_ bytes: [UInt8], _ body: (ZipReader, String) throws -> Result) throws -> Result {
        try TestFiles.withTemporaryFolder { folder in
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/a.zip"))
            return try body(ZipReader(path: folder + "/a.zip"), folder)
        }
    }

    private static func extracted(_ reader: ZipReader, _ name: String, _ folder: String) throws -> [UInt8] {
        let path = folder + "/out"
        defer { unlink(path) }
        try reader.extract(#require(reader[name]), to: path)
        return try FileAccess.read(path)
    }

    @Test("Stored and compressed entries of Python's zipfile are read", arguments: ["plain", "long"])
    func foreignArchives(name: String) throws {
        try Self.with(Self.fixture(name)) { reader, folder in
            let stored = name == "plain" ? "folder/stored" : "stored"
            #expect(try Self.extracted(reader, "deflated", folder) == Self.text)
            if name == "plain" {
                #expect(reader.entries.map(\.name) == ["folder/stored", "folder/", "deflated"])
                #expect(reader.entries.map(\.isFolder) == [false, true, false])
                #expect(try reader.contents(of: #require(reader[stored])) == Self.digits)
            }
            #expect(try Self.extracted(reader, stored, folder) == Self.digits)
            let entry = try #require(reader["deflated"])
            let error = #expect(throws: ArchiveError.self) { try reader.contents(of: entry) }
            #expect(error?.description.contains("is compressed, but must be stored") == true)
        }
    }

    @Test("What ZipWriter stores and compresses is read, stored entries at their alignment") func ownArchives() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.zip"
            let writer = try ZipWriter(path: path)
            try Self.digits.withUnsafeBytes { try writer.store("x/stored", parts: [$0, $0], alignment: 64) }
            try Self.text.withUnsafeBytes { try writer.add("x/deflated", parts: [$0]) }
            try Self.text.withUnsafeBytes { try writer.store("x/next", parts: [$0], alignment: 64) }
            try writer.store("empty", parts: [])
            try writer.finish()
            let reader = try ZipReader(path: path)
            #expect(reader.entries.map(\.count) == [20, 5400, 5400, 0])
            #expect(try reader.contents(of: #require(reader["x/stored"])) == Self.digits + Self.digits)
            #expect(try Self.extracted(reader, "x/deflated", folder) == Self.text)
            #expect(try reader.contents(of: #require(reader["empty"])) == [])
            let bytes = try FileAccess.read(path)
            for content in [Self.digits + Self.digits, Self.text] {
                let start = (0..<bytes.count - content.count).first { bytes[$0..<$0 + content.count] == content[...] }
                #expect(try #require(start) % 64 == 0)
            }
        }
    }

    @Test("Symbolic links are known as such, and other methods are refused by number") func oddEntries() throws {
        #expect(try Self.with(Self.fixture("link")) { reader, _ in reader["link"]?.isSymbolicLink } == true)
        #expect(try Self.with(Self.fixture("empty")) { reader, _ in reader.entries.count } == 0)
        let error = try #require(
            #expect(throws: ArchiveError.self) { try Self.with(Self.fixture("bzip2")) { _, _ in } })
        #expect("\(error)".contains("method 12, and 0 and 8 are known"))
    }

    @Test("Truncated at every length, an archive is refused", arguments: ["plain", "long"])
    func truncation(name: String) throws {
        let bytes = try Self.fixture(name)
        for count in 0..<bytes.count {
            #expect(throws: ArchiveError.self, "\(count) bytes") { try Self.with(Array(bytes[..<count])) { _, _ in } }
        }
    }

    @Test("A changed byte of an entry is found by its checksum") func damagedContent() throws {
        var bytes = try Self.fixture("plain")
        let start = try #require((0..<bytes.count).first { bytes[$0..<$0 + 10] == Self.digits[...] })
        bytes[start + 3] ^= 1
        try Self.with(bytes) { reader, folder in
            let entry = try #require(reader["folder/stored"])
            for read in [{ _ = try reader.contents(of: entry) }, { try reader.extract(entry, to: folder + "/out") }] {
                let error = #expect(throws: ArchiveError.self, performing: read)
                #expect(error?.description.contains("does not match its checksum") == true)
            }
            #expect(!FileAccess.exists(folder + "/out"))
        }
    }

    @Test("Entries that share bytes, and a directory that promises too much, are refused") func impossibleDirectories()
        throws
    {
        let bytes = try Self.fixture("plain")
        let places = bytes.indices.dropLast(46).filter { bytes[$0..<$0 + 4] == [0x50, 0x4B, 1, 2] }
        // The last entry is said to begin where the first one does.
        var shared = bytes
        for index in 0..<4 { shared[places[2] + 42 + index] = 0 }
        // The first entry is said to have 4 GB.
        var long = bytes
        for index in [20, 24] { for byte in 0..<4 { long[places[0] + index + byte] = byte == 3 ? 0x7F : 0xFF } }
        // The directory is said to have 65534 entries.
        var many = bytes
        let end = try #require(
            bytes.indices.dropLast(22).last { bytes[$0..<$0 + 4] == [0x50, 0x4B, 5, 6] && bytes[$0 + 8] == 3 })
        for index in [8, 10] { (many[end + index], many[end + index + 1]) = (0xFE, 0xFF) }
        for (changed, problem) in [
            (shared, "reaches into what follows"), (long, "does not lie in the file"), (many, "has no room for 65534"),
        ] {
            let error = try #require(#expect(throws: ArchiveError.self) { try Self.with(changed) { _, _ in } })
            #expect("\(error)".contains(problem), "\(error)")
        }
    }
}
