import Checkpoints
import Cluster
import Documents
import Foundation
import Tensors

enum Damage {
    static func flipBit(_ path: String, at position: Int, bit: UInt8 = 1) throws {
        var bytes = try FileAccess.read(path)
        bytes[position] ^= bit
        try FileAccess.replace(path, with: bytes)
    }

    static func truncate(_ path: String, to byteCount: Int) throws {
        let bytes = try FileAccess.read(path)
        try FileAccess.replace(path, with: bytes[..<byteCount])
    }
}

/// Files that are not what was written give an error, never a crash and never a wrong weight.
enum DamageChecks {
    static func run(_ checks: Checks) throws {
        let world = checks.world
        try Sample.withFolder(world) { folder in
            let content = Sample.content(iteration: 5, features: [2, 4])
            let path = "\(folder)/own\(world.rank).h5"
            try Checkpoint.saveAlone(content, to: path)
            let good = try FileAccess.read(path)

            func refuses(_ bytes: some Collection<UInt8>, _ what: String) throws {
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                _ = checks.error(what, of: CheckpointError.self) {
                    _ = try Checkpoint.load(path, layout: content.layout)
                }
                _ = checks.error(what, of: CheckpointError.self) { _ = try Checkpoint.summary(path) }
            }
            // The ranks share the places: all of the seal, then some of the rest.
            var random = RandomStream(seed: 11, purpose: .test, index: world.rank)
            let places = Array(0..<600) + (0..<200).map { _ in random.integer(below: good.count) }
            for index in Shares.range(rank: world.rank, size: world.size, count: places.count) {
                var bytes = good
                bytes[places[index]] ^= 1 << UInt8(index % 8)
                try refuses(bytes, "bit \(index % 8) of byte \(places[index])")
            }
            let lengths =
                [0, 1, 511, 512, 513, 1000, 2048, good.count - 1]
                + (0..<30).map { _ in random.integer(below: good.count) }
            for length in lengths { try refuses(good[..<length], "a file of \(length) bytes") }
            try refuses(good + [0], "a longer file")
            try refuses(Array(repeating: 0, count: 512) + good[512...], "a file without its seal")
            try refuses(Array("this is text\n".utf8), "a text file")
            try refuses(good[512...], "an HDF5 file of somebody else")

            let folderError = checks.error("a folder", of: CheckpointError.self) { _ = try Checkpoint.summary(folder) }
            checks.expectEqual(folderError?.problem, .foreign("it is a folder"), "a folder")
            let missing = checks.error("a missing file", of: CheckpointError.self) {
                _ = try Checkpoint.summary(folder + "/no.h5")
            }
            checks.expectEqual(missing?.problem, .missing, "a missing file")
            try Data(good).write(to: URL(fileURLWithPath: path))
            checks.expect(
                Sample.isEqual(try Checkpoint.load(path, layout: content.layout).weights, content.weights),
                "the good file loads")
        }
    }
}
