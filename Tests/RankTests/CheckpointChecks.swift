import Checkpoints
import Cluster
import Documents
import Foundation
import Networks
import Tensors

/// Small checkpoints whose content follows from a number.
enum Sample {
    static func architecture(features: [Int] = [8, 16]) -> UNetArchitecture {
        UNetArchitecture(
            inputChannelCount: 1, headCount: 3, features: features, kernelSizes: features.map { _ in [3, 3, 3] },
            strides: features.indices.map { $0 == 0 ? [1, 1, 1] : [2, 2, 2] },
            encoderConvolutionCounts: features.map { _ in 2 },
            decoderConvolutionCounts: features.dropFirst().map { _ in 2 })
    }

    static func content(iteration: Int, features: [Int] = [8, 16], age: Int? = nil) -> CheckpointContent {
        let layout = architecture(features: features).parameterLayout
        let weights = AlignedBuffer<Float>(count: layout.scalarCount)
        let momentum = AlignedBuffer<Float>(count: layout.scalarCount)
        for i in 0..<layout.scalarCount {
            weights.pointer[i] = Float((i * 31 + iteration) % 8191) / 64
            momentum.pointer[i] = -Float((i * 17 + iteration) % 4093) / 32
        }
        let attributes = CheckpointAttributes(
            scheme: "pgps-performance", stage: 2, epoch: iteration / 10, iteration: age ?? iteration, seed: .max,
            threads: 3,
            plansName: "nnUNetPlans", plansHash: "p", datasetHash: "d", others: ["mirrorAxes": [0, 1, 2]])
        let metrics: JSONValue = .array(
            (0..<iteration).map { ["epoch": .integer($0), "trainLoss": .real(1 / Double($0 + 1))] })
        return CheckpointContent(
            layout: layout, weights: weights, momentum: momentum, attributes: attributes, metrics: metrics)
    }

    /// SHA-256 of the weights of `content(iteration: 40)`, from checkpoint_digest.py.
    static let digestOfForty = "4486a464cc7762aa879aa85daa6f909c71419af6786f08641b76715ee665c0e3"

    /// An own folder for the job, the same on all ranks; made and removed by the root.
    static func withFolder(_ world: Communicator, _ body: (String) throws -> Void) throws {
        let name = NSTemporaryDirectory() + "/pgps-rank-tests-\(getpid())"
        let folder = try world.broadcast(name)
        _ = try world.agreeingOnRoot { try FileAccess.makeFolder(folder) }
        try body(folder)
        try world.barrier()
        if world.isRoot { try FileManager.default.removeItem(atPath: folder) }
    }

    static func isEqual(_ left: AlignedBuffer<Float>, _ right: AlignedBuffer<Float>) -> Bool {
        left.count == right.count && memcmp(left.pointer, right.pointer, left.count * 4) == 0
    }
}

/// Saving and loading on all ranks.
enum CheckpointChecks {
    static func run(_ checks: Checks) throws {
        try Sample.withFolder(checks.world) { folder in
            try bothWriters(checks, folder)
            try generations(checks, folder)
            try openFiles(checks, folder)
        }
        // One rank writes without MPI-IO, and Open MPI reads the setting with its first file.
        if checks.world.size > 1 {
            checks.expectEqual(ClusterRuntime.setting("fs_ufs_lock_algorithm"), 3, "Open MPI's file locking")
        }
    }

    private static func bothWriters(_ checks: Checks, _ folder: String) throws {
        let content = Sample.content(iteration: 40)
        var files: [[UInt8]] = []
        for writer in CheckpointWriter.allCases {
            let path = "\(folder)/\(writer.rawValue).h5"
            try Checkpoint.save(content, to: path, checks.world, writer: writer)
            let loaded = try Checkpoint.load(path, layout: content.layout)
            checks.expect(Sample.isEqual(loaded.weights, content.weights), "weights by writer \(writer)")
            checks.expect(Sample.isEqual(loaded.momentum, content.momentum), "momentum by writer \(writer)")
            checks.expectEqual(loaded.attributes, content.attributes, "attributes by writer \(writer)")
            checks.expectEqual(loaded.metrics, content.metrics, "metrics by writer \(writer)")
            let summary = try Checkpoint.summary(path)
            checks.expectEqual(summary.weightsSHA256, Sample.digestOfForty, "digest by writer \(writer)")
            checks.expectEqual(summary.parameterCount, content.layout.scalarCount, "parameters by writer \(writer)")
            let (weights, _) = try Checkpoint.loadWeights(path, layout: content.layout)
            checks.expect(Sample.isEqual(weights, content.weights), "weights alone by writer \(writer)")
            files.append(try FileAccess.read(path))
        }
        checks.expect(files[0] == files[1], "both writers give the same bytes")
        checks.expectEqual(
            try checks.world.isRoot ? FileAccess.list(folder) : ["parallel.h5", "root.h5"], ["parallel.h5", "root.h5"],
            "files that are left")
        try checks.world.barrier()

        let own = "\(folder)/alone\(checks.world.rank).h5"
        try Checkpoint.saveAlone(content, to: own)
        checks.expect(try FileAccess.read(own) == files[0], "one process alone gives the same bytes")

        let other = Sample.architecture(features: [8, 24]).parameterLayout
        let mismatch = checks.error("a checkpoint of another network", of: CheckpointError.self) {
            _ = try Checkpoint.load(own, layout: other)
        }
        checks.expect(
            "\(mismatch.map { "\($0)" } ?? "")".contains(
                "encoder.stages.1.0.convs.0.conv.weight is [16, 8, 3, 3, 3] in the file and [24, 8, 3, 3, 3] in this network"
            ),
            "the difference is named: \(mismatch.map { "\($0)" } ?? "")")
        unlink(own)
    }

    /// A run saves thousands of times: nothing may stay open.
    private static func openFiles(_ checks: Checks, _ folder: String) throws {
        func count() throws -> Int { try FileAccess.list("/proc/self/fd").count }
        var counts: [Int] = []
        for iteration in 1...8 {
            let writer: CheckpointWriter = iteration % 2 == 0 ? .parallel : .root
            try Checkpoint.save(
                Sample.content(iteration: iteration), to: folder + "/again.h5", checks.world, writer: writer)
            counts.append(try count())
        }
        checks.expectEqual(counts[7], counts[3], "open files after more saves")
    }

    private static func generations(_ checks: Checks, _ folder: String) throws {
        let world = checks.world
        let run = folder + "/fold_0"
        _ = try world.agreeingOnRoot { try FileAccess.makeFolder(run) }
        let layout = Sample.architecture().parameterLayout
        checks.expect(
            try Checkpoint.newestValid(in: run, layout: layout, world) == nil, "an empty folder has no checkpoint")
        let latest = CheckpointName.latest.path(in: run)
        for iteration in [10, 20, 30] {
            try Checkpoint.save(Sample.content(iteration: iteration), to: latest, world)
            let found = try Checkpoint.newestValid(in: run, layout: layout, world)
            checks.expectEqual(found?.content.attributes.iteration, iteration, "the newest checkpoint")
            checks.expectEqual(found?.warnings, [], "warnings")
        }
        let previous = try Checkpoint.load(CheckpointName.previous.path(in: run), layout: layout)
        checks.expectEqual(previous.attributes.iteration, 20, "the generation before")
        try world.barrier()

        if world.isRoot { try Damage.flipBit(latest, at: 4711) }
        try world.barrier()
        let found = try Checkpoint.newestValid(in: run, layout: layout, world)
        checks.expectEqual(found?.path, CheckpointName.previous.path(in: run), "what replaces a damaged checkpoint")
        checks.expectEqual(found?.content.attributes.iteration, 20, "its iteration")
        if world.isRoot {
            checks.expect(
                found?.warnings.count == 1
                    && found?.warnings[0] == "the checkpoint \(latest) is damaged: its content is not what was written "
                        + "(SHA-256 differs); going on from checkpoint_previous.h5 (iteration 20)",
                "the warning: \(found?.warnings ?? [])")
        }
        try world.barrier()
        try Checkpoint.save(Sample.content(iteration: 21), to: latest, world)
        checks.expectEqual(
            try Checkpoint.newestValid(in: run, layout: layout, world)?.content.attributes.iteration, 21,
            "after the damage")
        try world.barrier()

        if world.isRoot {
            for name in CheckpointName.allCases where FileAccess.exists(name.path(in: run)) {
                try Damage.truncate(name.path(in: run), to: 600)
            }
        }
        try world.barrier()
        let lost = checks.error("a folder of damaged checkpoints", of: AgreedError.self) {
            _ = try Checkpoint.newestValid(in: run, layout: layout, world)
        }
        checks.expect(
            lost?.message.contains("no other checkpoint is there") == true, "its text: \(lost?.message ?? "")")
    }
}
