import ArgumentParser
import Documents
import Evaluation
import Volumes

/// `pgps evaluate-simple`: scores a folder of predictions by labels given on the command line.
struct EvaluateSimpleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate-simple",
        abstract: "Scores a folder of predictions, with the labels named here instead of by a dataset.json.",
        discussion: """
            Writes the same summary.json as pgps evaluate. Regions need a dataset.json, so they are scored there.

            Example:
              pgps evaluate-simple labelsTs predictions -l 1 2
              pgps evaluate-simple labelsTr predictions -l 1 2 -il 3 -o scores.json --chill
            """)

    @OptionGroup var options: ComparisonOptions

    @Option(
        name: .customShort("l"), parsing: .upToNextOption,
        help: ArgumentHelp("Labels to score.", valueName: "labels"))
    var labels: [String]

    @Option(
        name: .customLong("il", withSingleDash: true),
        help: ArgumentHelp("Label whose voxels in the truth count for nothing.", valueName: "label"))
    var ignoreLabel: Int?

    func validate() throws {
        if try targets().isEmpty { throw ValidationError("-l names no label") }
    }

    /// The labels as they were given, each once.
    private func targets() throws -> [EvaluationTarget] {
        var seen: Set<Int> = []
        return try ListOption.integers(labels, option: "-l").filter { seen.insert($0).inserted }.map { .label($0) }
    }

    func run() throws {
        // As the first label map is stored, so are all.
        let names = try FileAccess.list(options.referenceFolder)
        let isCompressed = names.first { !$0.hasPrefix(".") && $0.contains(".nii") }?.hasSuffix(".gz") ?? true
        try options.run(
            FolderComparison(
                targets: targets(), ignoreLabel: ignoreLabel, fileEnding: isCompressed ? ".nii.gz" : ".nii"
            ) { path in try NIfTI.readLabels(path).labels })
    }
}
