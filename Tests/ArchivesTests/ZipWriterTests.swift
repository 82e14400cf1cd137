import Archives
import Foundation
import TestSupport
import Testing

@Suite struct ZipWriterTests {
    /// The inflated entries; checksums and lengths are verified.
    private func contents(_ path: String) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for (name, gzip) in try ZipEntries.read(path) {
            let file = path + ".gz"
            try Data(gzip).write(to: URL(fileURLWithPath: file))
            let reader = try GzipReader(path: file)
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
            contents[name] = Array(bytes[..<count])
            try FileManager.default.removeItem(atPath: file)
        }
        return contents
    }

    @Test func whatWasWrittenComesBack() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.zip"
            let numbers = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 * $0) >> 7) }
            let writer = try ZipWriter(path: path)
            try numbers.withUnsafeBytes { bytes in
                let parts = [
                    UnsafeRawBufferPointer(rebasing: bytes[..<1000]), UnsafeRawBufferPointer(rebasing: bytes[1000...]),
                ]
                try writer.add("numbers.bin", parts: parts)
            }
            try writer.add("empty", parts: [])
            #expect(!FileManager.default.fileExists(atPath: path))
            try writer.finish()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.zip"])
            #expect(try contents(path) == ["numbers.bin": numbers, "empty": []])
        }
    }

    @Test func anArchiveThatIsNotFinishedLeavesNothing() throws {
        try TestFiles.withTemporaryFolder { folder in
            do {
                let writer = try ZipWriter(path: folder + "/a.zip")
                try writer.add("x", parts: [])
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            let error = #expect(throws: ArchiveError.self) { try ZipWriter(path: folder + "/none/a.zip") }
            #expect("\(try #require(error))".contains(folder + "/none/a.zip"))
        }
    }
}
