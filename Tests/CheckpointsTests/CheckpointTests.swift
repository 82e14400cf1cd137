import Checkpoints
import Documents
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

/// What needs one process only; Tests/RankTests does the rest under mpirun.
@Suite(.serialized) struct CheckpointTests {
    private static func layout(heads: Int = 3) -> ParameterLayout {
        UNetArchitecture(
            inputChannelCount: 1, headCount: heads, features: [2, 4], kernelSizes: [[3, 3, 3], [3, 3, 3]],
            strides: [[1, 1, 1], [2, 2, 2]], encoderConvolutionCounts: [1, 1], decoderConvolutionCounts: [1]
        ).parameterLayout
    }

    private static func content(iteration: Int = 7, others: JSONObject = [:]) -> CheckpointContent {
        let layout = layout()
        let weights = AlignedBuffer((0..<layout.scalarCount).map { Float($0) / 4 - Float(iteration) })
        let momentum = AlignedBuffer((0..<layout.scalarCount).map { -Float($0) })
        let attributes = CheckpointAttributes(
            scheme: "pgps-efficiency", stage: 1, epoch: 3, iteration: iteration, seed: 12345, threads: 2,
            plansName: "nnUNetPlans", plansHash: "ab", datasetHash: "cd", others: others)
        return CheckpointContent(
            layout: layout, weights: weights, momentum: momentum, attributes: attributes,
            metrics: [["epoch": 0, "trainLoss": -0.25]])
    }

    @Test("What is saved is loaded, to the bit") func roundTrip() throws {
        try TestFiles.withTemporaryFolder { folder in
            var content = Self.content(others: ["mirrorAxes": [0, 2], "note": "ä \"quoted\"\n"])
            content.weights.pointer[3] = .nan
            content.weights.pointer[4] = -0.0
            content.weights.pointer[5] = .leastNonzeroMagnitude
            // Far more than an HDF5 attribute can hold.
            content.metrics = .array((0..<20_000).map { ["epoch": .integer($0), "trainLoss": .real(Double($0) / 3)] })
            let path = folder + "/a.h5"
            try Checkpoint.saveAlone(content, to: path)
            let loaded = try Checkpoint.load(path, layout: content.layout)
            #expect(loaded.weights.array.map(\.bitPattern) == content.weights.array.map(\.bitPattern))
            #expect(loaded.momentum.array == content.momentum.array)
            #expect(loaded.attributes == content.attributes)
            #expect(loaded.metrics == content.metrics)
            #expect(try FileAccess.list(folder) == ["a.h5"])
            let weights = try Checkpoint.loadWeights(path, layout: content.layout)
            #expect(weights.weights.array.map(\.bitPattern) == content.weights.array.map(\.bitPattern))
            let summary = try Checkpoint.summary(path)
            #expect(summary.weightsSHA256 == Checkpoint.weightsSHA256(content.layout, content.weights))
            #expect(summary.tensorCount == content.layout.entries.count)
            #expect(summary.parameterCount == content.layout.scalarCount)
        }
    }

    @Test("The same content gives the same bytes") func determinism() throws {
        try TestFiles.withTemporaryFolder { folder in
            try Checkpoint.saveAlone(Self.content(), to: folder + "/a.h5")
            try Checkpoint.saveAlone(Self.content(), to: folder + "/b.h5")
            #expect(try FileAccess.read(folder + "/a.h5") == FileAccess.read(folder + "/b.h5"))
        }
    }

    @Test("The weights' digest goes by sorted names, not by the layout's order") func digest() {
        let layout = Self.layout()
        let weights = AlignedBuffer((0..<layout.scalarCount).map { Float($0) })
        let sorted = layout.entries.sorted { $0.name < $1.name }.flatMap { $0.range.map { Float($0) } }
        #expect(layout.entries.map(\.name) != layout.entries.map(\.name).sorted())
        #expect(Checkpoint.weightsSHA256(layout, weights) == SHA256.digest(of: sorted))
    }

    @Test("A checkpoint of another network is refused with the difference") func otherNetwork() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.h5"
            try Checkpoint.saveAlone(Self.content(), to: path)
            let error = #expect(throws: CheckpointError.self) {
                try Checkpoint.load(path, layout: Self.layout(heads: 5))
            }
            #expect(
                error?.description
                    == "the checkpoint \(path) does not fit: decoder.seg_layers.0.weight is [3, 2, 1, 1, 1] in the file and "
                    + "[5, 2, 1, 1, 1] in this network; decoder.seg_layers.0.bias is [3] in the file and [5] in this network"
            )
            let empty = #expect(throws: CheckpointError.self) { try Checkpoint.load(path, layout: ParameterLayout()) }
            #expect(empty?.description.hasSuffix("; and \(Self.layout().entries.count - 5) more") == true)
        }
    }

    @Test("Truncated and changed files give an error that says so", arguments: [0, 100, 512, 700, 3000, -1])
    func truncation(length: Int) throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.h5"
            try Checkpoint.saveAlone(Self.content(), to: path)
            let good = try FileAccess.read(path)
            try FileAccess.replace(path, with: good[..<(length < 0 ? good.count + length : length)])
            let error = #expect(throws: CheckpointError.self) { try Checkpoint.load(path, layout: Self.layout()) }
            #expect(
                error?.description.hasPrefix("the checkpoint \(path) is damaged: it has ") == true,
                "\(String(describing: error))")
            var bytes = good
            bytes[good.count - 1 - abs(length)] ^= 4
            try FileAccess.replace(path, with: bytes)
            let changed = #expect(throws: CheckpointError.self) { try Checkpoint.summary(path) }
            #expect(
                changed?.description
                    == "the checkpoint \(path) is damaged: its content is not what was written (SHA-256 differs)")
        }
    }

    @Test("A damaged generation is passed over for the one before, and named") func generations() throws {
        try TestFiles.withTemporaryFolder { folder in
            let layout = Self.layout()
            #expect(try Checkpoint.newestValid(in: folder, layout: layout) == nil)
            #expect(try Checkpoint.newestValid(in: folder + "/nowhere", layout: layout) == nil)
            let latest = CheckpointName.latest.path(in: folder)
            for iteration in [10, 20, 30] { try Checkpoint.saveAlone(Self.content(iteration: iteration), to: latest) }
            try Checkpoint.saveAlone(Self.content(iteration: 15), to: CheckpointName.best.path(in: folder))
            #expect(
                try FileAccess.list(folder) == ["checkpoint_best.h5", "checkpoint_latest.h5", "checkpoint_previous.h5"])
            #expect(try Checkpoint.newestValid(in: folder, layout: layout)?.content.attributes.iteration == 30)

            var bytes = try FileAccess.read(latest)
            bytes[bytes.count / 2] ^= 1
            try FileAccess.replace(latest, with: bytes)
            let found = try #require(try Checkpoint.newestValid(in: folder, layout: layout))
            #expect(found.content.attributes.iteration == 20)
            #expect(found.path == CheckpointName.previous.path(in: folder))
            #expect(
                found.warnings.count == 1
                    && found.warnings[0].hasSuffix("going on from checkpoint_previous.h5 (iteration 20)"))

            // The run goes on: the damaged file becomes the generation before only once a good one stands.
            try Checkpoint.saveAlone(Self.content(iteration: 21), to: latest)
            #expect(try Checkpoint.newestValid(in: folder, layout: layout)?.content.attributes.iteration == 21)
            try Checkpoint.saveAlone(Self.content(iteration: 22), to: CheckpointName.final.path(in: folder))
            #expect(
                try Checkpoint.newestValid(in: folder, layout: layout)?.path == CheckpointName.final.path(in: folder))
            #expect(throws: CheckpointError.self) {
                try Checkpoint.newestValid(in: folder, layout: Self.layout(heads: 2))
            }
        }
    }

    @Test("What a killed save left is cleared away by the next") func leftovers() throws {
        try TestFiles.withTemporaryFolder { folder in
            let latest = CheckpointName.latest.path(in: folder)
            for name in ["checkpoint_latest.h5.0123abcd.tmp", "checkpoint_previous.h5.tmp"] {
                try FileAccess.replace(folder + "/" + name, with: "half a checkpoint")
            }
            try Checkpoint.saveAlone(Self.content(), to: latest)
            #expect(try FileAccess.list(folder) == ["checkpoint_latest.h5"])
        }
    }

    @Test("A path that cannot be written gives its reason and leaves nothing") func badPaths() throws {
        try TestFiles.withTemporaryFolder { folder in
            try FileAccess.replace(folder + "/file", with: "x")
            for (path, reason) in [
                (folder + "/file/a.h5", "Not a directory"), (folder + "/no/a.h5", "No such file or directory"),
            ] {
                let error = #expect(throws: CheckpointError.self) { try Checkpoint.saveAlone(Self.content(), to: path) }
                #expect(error?.description == "cannot save the checkpoint \(path): \(reason)")
            }
            #expect(try FileAccess.list(folder) == ["file"])
            try FileAccess.makeFolder(folder + "/a.h5")
            #expect(throws: CheckpointError.self) { try Checkpoint.saveAlone(Self.content(), to: folder + "/a.h5") }
            #expect(try FileAccess.list(folder) == ["a.h5", "file"])
            let missing = #expect(throws: CheckpointError.self) { try Checkpoint.summary(folder + "/b.h5") }
            #expect(missing?.description == "there is no checkpoint \(folder)/b.h5")
            let foreign = #expect(throws: CheckpointError.self) { try Checkpoint.summary(folder + "/file") }
            #expect(
                foreign?.description
                    == "the checkpoint \(folder)/file is damaged: it has 1 bytes, fewer than the 512 of its seal")
        }
    }

    @Test("A run that is not the checkpoint's is told every difference") func attributes() {
        let stored = Self.content().attributes
        var run = stored
        run.iteration = 0
        run.threads = 9
        #expect(stored.differences(from: run) == [])
        run.scheme = "cps"
        run.plansHash = "zz"
        #expect(
            stored.differences(from: run) == [
                "scheme: pgps-efficiency in the checkpoint, cps in this run",
                "hash of the plans: ab in the checkpoint, zz in this run",
            ])
    }
}
