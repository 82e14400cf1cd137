import Checkpoints
import Documents
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsTests {
    private static func weights(_ path: String) throws -> [Float] {
        let buffer = AlignedBuffer<Float>(count: ExchangeFixture.layout.scalarCount)
        try Safetensors(contentsOf: path).weights.read(ExchangeFixture.layout, into: buffer)
        return buffer.array
    }

    /// A file of a header and zeros.
    private static func file(_ header: String, zeros: Int) -> [UInt8] {
        let text = Array(header.utf8)
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
            + [UInt8](repeating: 0, count: zeros)
    }

    @Test("Every floating-point type gives the same weights", arguments: ["float", "half", "bfloat16", "double"])
    func types(name: String) throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.safetensors"
            try FileAccess.replace(path, with: ExchangeFixture().bytes("safetensors", name))
            #expect(try Self.weights(path) == ExchangeFixture.weights.array)
            #expect(try Safetensors(contentsOf: path).metadata == ["trainer": "cps"])
        }
    }

    @Test("What is written is read back, and is what the library writes but for the order") func roundTrip() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.safetensors"
            try Safetensors.write(
                ExchangeFixture.layout, ExchangeFixture.weights, metadata: [("trainer", "cps")], to: path)
            #expect(try Self.weights(path) == ExchangeFixture.weights.array)
            let theirs = try ExchangeFixture().bytes("safetensors", "float")
            let ours = try FileAccess.read(path)
            #expect(Set(try #require(Self.header(ours)?.keys)) == Set(try #require(Self.header(theirs)?.keys)))
        }
    }

    private static func header(_ bytes: [UInt8]) -> JSONObject? {
        let count = Int(bytes[0]) + Int(bytes[1]) << 8
        return try? JSONValue(parsing: Array(bytes[8..<8 + count])).object
    }

    @Test(
        "A header that does not fit its file is refused with its reason",
        arguments: [
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "4 bytes follow its tensors"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "do not lie in the file"),
            (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "has 8 bytes instead of 12"),
            (#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}"#, 8, "is too large"),
            (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "do not lie in the file"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "do not lie in the file"),
            (#"{"a":{"dtype":"X9","shape":[2],"data_offsets":[0,8]}}"#, 8, "the type of a is \"X9\""),
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                8, "overlap at byte 8"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
                12, "leave a gap at byte 4"
            ),
            (#"[]"#, 0, "no JSON object"), (#"{"a":"#, 0, "not JSON"),
        ])
    func headers(header: String, zeros: Int, reason: String) throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.safetensors"
            try FileAccess.replace(path, with: Self.file(header, zeros: zeros))
            let error = #expect(throws: CheckpointError.self) { try Safetensors(contentsOf: path) }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
            #expect(error?.path == path)
        }
    }

    @Test("Truncated at every length, a file gives a clear error at once") func truncation() throws {
        try Damage.checkTruncations(ExchangeFixture().bytes("safetensors", "half"), ending: "safetensors") {
            _ = try Self.weights($0)
        }
    }

    @Test("10,000 changed bytes give a clear error or the declared tensors, each at once") func flips() throws {
        try Damage.checkFlips(ExchangeFixture().bytes("safetensors", "half"), ending: "safetensors") {
            _ = try Self.weights($0)
        }
    }
}
