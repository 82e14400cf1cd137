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

/// Operations of a pickle, byte by byte.
enum LiteralPickle {
    /// A dictionary whose first key is `network_weights`; the value comes next, then SETITEM.
    static let start: [UInt8] = [0x80, 2, 0x7D] + text("network_weights")

    static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [0x58, UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8), 0, 0] + bytes
    }

    /// LONG1 of 8 bytes.
    static func long(_ value: Int) -> [UInt8] {
        [0x8A, 8] + withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// A view of one axis of the float32 storage `s`.
    static func tensor(storageCount: Int, offset: Int, size: Int, stride: Int) -> [UInt8] {
        let storage =
            [0x28] + text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("s") + text("cpu")
            + long(storageCount) + [0x74, 0x51]
        return Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8) + [0x28] + storage + long(offset) + long(size) + [0x85]
            + long(stride) + [0x85, 0x74, 0x52]
    }
}
