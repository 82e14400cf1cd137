import Cluster
import Documents
import Foundation
import Networks

/// The newest checkpoint of a run folder that is whole.
public struct FoundCheckpoint: Sendable {
    public let path: String
    public let content: CheckpointContent
    /// Files that should have been newer or as new, and why they were passed over; for the log.
    public let warnings: [String]
}

extension Checkpoint {
    /// The newest whole checkpoint of a run folder: a damaged one is passed over for the generation before it.
    ///
    /// - Returns: nil when the folder holds no checkpoint at all.
    /// - Throws: ``CheckpointError``: no file is whole; or the newest whole one belongs to another network.
    /// - Note: rank-local; ``newestValid(in:layout:_:)`` for all ranks.
    public static func newestValid(in folder: String, layout: ParameterLayout) throws(CheckpointError)
        -> FoundCheckpoint?
    {
        var candidates: [(path: String, iteration: Int)] = []
        var problems: [CheckpointError] = []
        for name in [CheckpointName.final, .latest, .previous, .best] {
            let path = name.path(in: folder)
            do throws(CheckpointError) {
                candidates.append((path, try CheckpointSeal.read(path).iteration))
            } catch  where error.problem == .missing {
            } catch {
                problems.append(error.at(path))
            }
        }
        // Equally old ones stay in the order above.
        let order = candidates.enumerated().sorted {
            ($1.element.iteration, $0.offset) < ($0.element.iteration, $1.offset)
        }
        for (_, candidate) in order {
            do throws(CheckpointError) {
                let content = try load(candidate.path, layout: layout)
                let name = (candidate.path as NSString).lastPathComponent
                return FoundCheckpoint(
                    path: candidate.path, content: content,
                    warnings: problems.map { "\($0); going on from \(name) (iteration \(candidate.iteration))" })
            } catch {
                if case .mismatch = error.problem { throw error }
                problems.append(error)
            }
        }
        guard let first = problems.first else { return nil }
        throw CheckpointError(
            .damaged(problems.map(\.description).joined(separator: "; ") + "; no other checkpoint is there"),
            path: first.path)
    }

    /// The newest whole checkpoint of a run folder, the same on all ranks: the root chooses, everyone reads.
    ///
    /// - Throws: on all ranks when one failed (``AgreedError``).
    /// - Collective: every rank of `communicator`.
    public static func newestValid(
        in folder: String, layout: ParameterLayout, _ communicator: Communicator
    ) throws -> FoundCheckpoint? {
        let found = try communicator.agreeingOnRoot { try newestValid(in: folder, layout: layout) } ?? nil
        let choice = try communicator.broadcast(found?.path ?? "")
        guard !choice.isEmpty else { return nil }
        return try communicator.agreeing {
            if let found { return found }
            return FoundCheckpoint(path: choice, content: try load(choice, layout: layout), warnings: [])
        }
    }
}

/// Gives finished files their names.
enum CheckpointGenerations {
    /// Where the generation before `path` is kept; nil for files without generations.
    static func previous(of path: String) -> String? {
        let text = path as NSString
        guard text.lastPathComponent == CheckpointName.latest.rawValue else { return nil }
        return CheckpointName.previous.path(in: text.deletingLastPathComponent)
    }

    /// The second name of the old file while the new one takes its place.
    static func held(_ previous: String) -> String { previous + ".tmp" }

    /// Renames a sealed and flushed file to `path` and keeps the old one as the generation before.
    ///
    /// The old file is held under a second name until the new one stands: at any moment there is a whole file, even
    /// where the old `latest` is damaged and only the generation before it is good.
    static func commit(_ temporary: String, as path: String) throws(CheckpointError) {
        var held: (name: String, previous: String)?
        if let previous = previous(of: path), FileAccess.exists(path) {
            let name = Self.held(previous)
            unlink(name)
            if link(path, name) == 0 {
                held = (name, previous)
            } else if (try? CheckpointSeal.verify(path)) != nil {
                // No hard links on this file system: then `latest` is missing for a moment, and `previous` is whole.
                guard rename(path, previous) == 0 else { throw .lastCall("rename") }
            }
        }
        guard rename(temporary, path) == 0 else {
            let error = CheckpointError.lastCall("rename")
            if let held { unlink(held.name) }
            throw error
        }
        if let held, rename(held.name, held.previous) != 0 { throw .lastCall("keep the generation before") }
        do throws(FileError) {
            try FileAccess.synchronizeFolder((path as NSString).deletingLastPathComponent)
        } catch {
            throw CheckpointError(.refused(action: "save", reason: error.description))
        }
    }
}
