import Archives
import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Files as they come after an accident: every reader ends each of them in a `CheckpointError`, or reads it, within a
/// second.
enum Damage {
    /// Whether a reader refuses a file, as it must: naming it, and at once.
    private static func isRefused(_ path: String, _ read: (String) throws -> Void) throws -> Bool {
        let start = ContinuousClock.now
        var isRefused = false
        do {
            try read(path)
        } catch let error as CheckpointError {
            #expect(error.path == path, "\(error)")
            isRefused = true
        }
        #expect(start.duration(to: .now) < .seconds(1))
        return isRefused
    }

    static func checkTruncations(_ bytes: [UInt8], ending: String, _ read: (String) throws -> Void) throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = "\(folder)/a.\(ending)"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let isWholeRefused = try isRefused(path, read)
            #expect(!isWholeRefused)
            // One file that becomes shorter: writing thousands anew would take the disk's time.
            for count in (0..<bytes.count).reversed() {
                try #require(truncate(path, count) == 0)
                let isRefused = try isRefused(path, read)
                #expect(isRefused, "a file of \(count) bytes was read")
            }
        }
    }

    /// - Note: a changed byte of a tensor's name is refused, one of a value without checksum is read.
    static func checkFlips(
        _ bytes: [UInt8], count: Int = 10_000, ending: String, _ read: (String) throws -> Void
    ) throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = "\(folder)/a.\(ending)"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            func put(_ byte: UInt8, at place: Int) throws {
                try file.seek(toOffset: UInt64(place))
                try file.write(contentsOf: [byte])
            }
            var stream = RandomStream(seed: 7, purpose: .test, index: 0)
            var refusedCount = 0
            for _ in 0..<count {
                let place = stream.integer(below: bytes.count)
                try put(bytes[place] ^ UInt8(stream.integer(in: 1...255)), at: place)
                if try isRefused(path, read) { refusedCount += 1 }
                try put(bytes[place], at: place)
            }
            #expect(refusedCount > count / 10 && refusedCount < count, "\(refusedCount) of \(count) were refused")
        }
    }
}

/// Zip archives of stored entries.
enum ZipFixture {
    static func write(_ entries: [(name: String, bytes: [UInt8])], to path: String) throws {
        let writer = try ZipWriter(path: path)
        for (name, bytes) in entries {
            try bytes.withUnsafeBytes { try writer.store(name, parts: [$0]) }
        }
        try writer.finish()
    }
}
