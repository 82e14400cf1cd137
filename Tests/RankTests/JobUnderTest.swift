import Checkpoints
import Cluster
import Documents
import Foundation

/// What a job does while the kill and stall tests disturb it.
enum JobUnderTest {
    /// Saves as fast as it can. Each rank leaves its process number in `FOLDER/rank_<r>.pid`.
    static func saveForever(_ runtime: ClusterRuntime, folder: String) throws -> Bool {
        let world = runtime.world
        try introduce(world, folder)
        let layout = Sample.architecture(features: [16, 32]).parameterLayout
        let start = try Checkpoint.newestValid(in: folder, layout: layout, world)?.content.attributes.iteration ?? 0
        for iteration in start + 1..<Int.max {
            runtime.note("iteration \(iteration)")
            // Both writers take turns.
            try Checkpoint.save(
                Sample.content(iteration: iteration % 5000, features: [16, 32], age: iteration),
                to: CheckpointName.latest.path(in: folder),
                world, writer: iteration % 3 == 0 ? .root : .parallel)
        }
        return true
    }

    /// Says which checkpoint of a folder is the newest whole one, and checks that its weights are those of its
    /// iteration.
    static func printNewest(folder: String) {
        do {
            let layout = Sample.architecture(features: [16, 32]).parameterLayout
            guard let found = try Checkpoint.newestValid(in: folder, layout: layout) else {
                print("none")
                return
            }
            let iteration = found.content.attributes.iteration
            let expected = Sample.content(iteration: iteration % 5000, features: [16, 32], age: iteration)
            guard Sample.isEqual(expected.weights, found.content.weights),
                Sample.isEqual(expected.momentum, found.content.momentum)
            else {
                print("wrong")
                return
            }
            print(iteration)
        } catch {
            print("error: \(error)")
        }
    }

    /// Iterations with a barrier in each.
    static func computeForever(_ runtime: ClusterRuntime, folder: String) throws -> Bool {
        try introduce(runtime.world, folder)
        for iteration in 0..<Int.max {
            runtime.note("iteration \(iteration)")
            usleep(2000)
            try runtime.world.barrier()
        }
        return true
    }

    /// A deadlock: the last rank takes another path through the program.
    static func waitForever(_ runtime: ClusterRuntime) throws -> Bool {
        runtime.note("epoch 3")
        let half = try runtime.world.split(color: 0, key: runtime.world.rank)
        if runtime.world.rank == runtime.world.size - 1 { try half.barrier() } else { try runtime.world.barrier() }
        return true
    }

    /// One rank gives up.
    static func abort(_ runtime: ClusterRuntime) throws -> Bool {
        if runtime.world.rank == runtime.world.size - 1 { runtime.world.abort("case_7 has no voxels", code: 3) }
        try runtime.world.barrier()
        return true
    }

    private static func introduce(_ world: Communicator, _ folder: String) throws {
        try FileAccess.replace("\(folder)/rank_\(world.rank).pid", with: "\(getpid())")
        try world.barrier()
        if world.isRoot { try FileAccess.replace("\(folder)/ready", with: "") }
    }
}
