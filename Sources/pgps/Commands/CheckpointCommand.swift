import ArgumentParser
import Checkpoints
import Documents

/// `pgps checkpoint`: looks into checkpoints.
struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Looks into the checkpoints of a run.",
        subcommands: [CheckpointShowCommand.self])
}

/// `pgps checkpoint show`: what a checkpoint says about its run; every byte of the file is checked on the way.
struct CheckpointShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Prints what a checkpoint says about its run.",
        discussion: """
            The whole file is read and checked: a truncated or changed file is an error.

            Example:
              pgps checkpoint show fold_0/checkpoint_final.h5 --json
            """)

    @Argument(help: "The checkpoint, e.g. fold_0/checkpoint_latest.h5.")
    var file: String

    @Flag(help: "Prints one JSON object.")
    var json = false

    func run() throws {
        let summary = try Checkpoint.summary(file)
        print(json ? summary.json.text(indent: 2) : summary.table)
    }
}

extension CheckpointSummary {
    /// The members in the order in which they are printed.
    fileprivate var json: JSONValue {
        [
            "scheme": .string(attributes.scheme), "stage": .integer(attributes.stage),
            "epoch": .integer(attributes.epoch),
            "iteration": .integer(attributes.iteration), "seed": attributes.seedJSON,
            "threads": .integer(attributes.threads),
            "plansName": .string(attributes.plansName), "metrics": metrics, "weightsSHA256": .string(weightsSHA256),
        ]
    }

    /// One line per member; of a log of metrics only the last entry.
    fileprivate var table: String {
        let entries = metrics.array ?? [metrics]
        let log = entries.last.map { "\(entries.count) entries, the last: \($0.text())" } ?? "none"
        let rows = [
            ("scheme", attributes.scheme), ("stage", "\(attributes.stage)"), ("epoch", "\(attributes.epoch)"),
            ("iteration", "\(attributes.iteration)"), ("seed", "\(attributes.seed)"),
            ("threads", "\(attributes.threads)"),
            ("plansName", attributes.plansName), ("tensors", "\(tensorCount), \(parameterCount) parameters"),
            ("metrics", log), ("weightsSHA256", weightsSHA256),
        ]
        return rows.map { name, value in name + String(repeating: " ", count: 15 - name.count) + value }.joined(
            separator: "\n")
    }
}
