import Checkpoints
import Cluster
import Documents
import Foundation
import Tensors

/// Saves that cannot succeed: all ranks say so together, and the old file stays.
enum CheckpointFailureChecks {
    static func run(_ checks: Checks) throws {
        try Sample.withFolder(checks.world) { folder in
            let path = CheckpointName.latest.path(in: folder)
            try Checkpoint.save(Sample.content(iteration: 1), to: path, checks.world)
            let old = try FileAccess.read(path)
            for writer in CheckpointWriter.allCases {
                try sizeLimits(checks, path, old, writer)
                try badPaths(checks, folder, writer)
                try differentRanks(checks, path, old, writer)
            }
            checks.expectEqual(
                try checks.world.agreeingOnRoot { try FileAccess.list(folder) },
                checks.world.isRoot ? ["checkpoint_latest.h5"] : nil,
                "files that are left")
            try Checkpoint.save(Sample.content(iteration: 2), to: path, checks.world)
            checks.expectEqual(
                try Checkpoint.load(path, layout: Sample.architecture().parameterLayout).attributes.iteration, 2,
                "saving works again")
        }
    }

    /// A disk that fills, as `ulimit -f` plays it: on all ranks, on the root, on the last rank.
    private static func sizeLimits(_ checks: Checks, _ path: String, _ old: [UInt8], _ writer: CheckpointWriter) throws
    {
        let world = checks.world
        for limited in [Array(0..<world.size), [0], [world.size - 1]] {
            if writer == .root && !limited.contains(0) { continue }
            for byteCount in [0, 2000, 60_000, old.count - 1] {
                var limit = rlimit()
                getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                let unlimited = limit.rlim_cur
                if limited.contains(world.rank) {
                    limit.rlim_cur = rlim_t(byteCount)
                    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                }
                let error = checks.error("a save beyond \(byteCount) bytes", of: AgreedError.self) {
                    try Checkpoint.save(Sample.content(iteration: 2), to: path, world, writer: writer)
                }
                limit.rlim_cur = unlimited
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                checks.expectEqual(
                    error?.message, "cannot save the checkpoint \(path): File too large",
                    "limit \(byteCount) on ranks \(limited)")
                checks.expect(try FileAccess.read(path) == old, "the old checkpoint stays as it was")
                try world.barrier()
            }
        }
    }

    private static func badPaths(_ checks: Checks, _ folder: String, _ writer: CheckpointWriter) throws {
        for (path, reason) in [
            (folder + "/checkpoint_latest.h5/deeper/x.h5", "Not a directory"),
            (folder + "/nowhere/x.h5", "No such file or directory"),
            ("/proc/x.h5", "No such file or directory"),
        ] {
            let error = checks.error("a save to \(path)", of: AgreedError.self) {
                try Checkpoint.save(Sample.content(iteration: 2), to: path, checks.world, writer: writer)
            }
            checks.expectEqual(error?.message, "cannot save the checkpoint \(path): \(reason)", "the message")
        }
    }

    /// Replicas that are not replicas: another network, another iteration, one weight that differs.
    private static func differentRanks(_ checks: Checks, _ path: String, _ old: [UInt8], _ writer: CheckpointWriter)
        throws
    {
        let world = checks.world
        guard world.size > 1 else { return }
        let isOdd = world.rank == world.size - 1
        let oneWeight = Sample.content(iteration: 2)
        if isOdd { oneWeight.weights.pointer[5] += 1 }
        let cases: [(CheckpointContent, String)] = [
            (Sample.content(iteration: 2, features: isOdd ? [8, 24] : [8, 16]), "the ranks differ: \"/weights/"),
            (
                Sample.content(iteration: isOdd ? 3 : 2),
                "the ranks differ: \"iteration 3\" here, \"iteration 2\" on the root"
            ),
            (oneWeight, "the ranks differ: \"/weights/encoder.stages.0.0.convs.0.conv.weight [8, 1, 3, 3, 3] "),
        ]
        for (content, text) in cases {
            let error = checks.error("a save of ranks that differ", of: AgreedError.self) {
                try Checkpoint.save(content, to: path, world, writer: writer)
            }
            checks.expect(error?.message.contains(text) == true, "the difference is named: \(error?.message ?? "")")
            checks.expectEqual(error?.rank, world.size - 1, "the rank that differs")
            checks.expect(try FileAccess.read(path) == old, "the old checkpoint stays as it was")
            try world.barrier()
        }
    }
}
