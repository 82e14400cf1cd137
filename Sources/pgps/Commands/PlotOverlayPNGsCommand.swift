import ArgumentParser
import Datasets
import Documents
import Pictures

/// `pgps plot-overlay-pngs`: pictures of the training cases with their labels in colors.
struct PlotOverlayPNGsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot-overlay-pngs",
        abstract: "Draws the slice with most foreground of every training case, with its labels laid over in colors.",
        discussion: """
            Shows at a glance whether images and labels fit. Pixels are voxels, whatever the spacing.

            Example:
              pgps plot-overlay-pngs -d 4 -o overlays --use_raw
              pgps plot-overlay-pngs -d 4 -o overlays -c 3d_fullres -overlay_intensity 0.3
            """)

    @Option(name: .customShort("d"), help: ArgumentHelp("Number or full name of the dataset.", valueName: "dataset"))
    var dataset: String

    @Option(name: .customShort("o"), help: ArgumentHelp("Folder for the pictures.", valueName: "folder"))
    var output: String

    @Option(
        name: .customLong("channel_idx", withSingleDash: true),
        help: ArgumentHelp("Channel of the image, from 0.", valueName: "n"))
    var channel = 0

    @Flag(name: .customLong("use_raw"), help: "Draw the raw images instead of the preprocessed ones.")
    var usesRaw = false

    @Option(
        name: .customShort("p"), help: ArgumentHelp("Name of the plans, for preprocessed images.", valueName: "plans"))
    var plans = "nnUNetPlans"

    @Option(
        name: .customShort("c"),
        help: ArgumentHelp(
            "Configuration, for preprocessed images (default: 3d_fullres where it is planned, else 2d).",
            valueName: "configuration"))
    var configuration: String?

    @Option(
        name: .customLong("overlay_intensity", withSingleDash: true),
        help: ArgumentHelp("Brightness of the colors; more hides more of the image.", valueName: "number"))
    var intensity = 0.6

    @OptionGroup var limits: CaseLimitOptions
    @OptionGroup var roots: WorkspaceOptions

    func validate() throws {
        guard channel >= 0 else { throw ValidationError("-channel_idx is \(channel); it must be at least 0") }
        guard intensity >= 0, intensity.isFinite else {
            throw ValidationError("-overlay_intensity is \(intensity); it must be a number from 0 on")
        }
    }

    func run() throws {
        let workspace = roots.workspace
        let name = try DatasetName.resolve(dataset, in: workspace)
        let job = OverlayJob(
            source: try source(of: name, in: workspace), outputFolder: output, channel: channel, intensity: intensity)
        let display = ProgressDisplay()
        defer { display.end() }
        try job.run(limit: limits.caseLimit) { done, total in
            display.update("Drawing", completed: done, total: total, detail: "")
        }
        display.line("Pictures: \(output)")
    }

    private func source(of name: DatasetName, in workspace: Workspace) throws -> OverlayJob.Source {
        if usesRaw { return .raw(try RawDataset(folder: workspace.rawFolder(of: name))) }
        let folder = try workspace.preprocessedFolder(of: name)
        let plans = try Plans(contentsOf: "\(folder)/\(plans).json")
        let planned = plans.configurationNames.contains("3d_fullres") ? "3d_fullres" : "2d"
        let identifier = try plans.configuration(named: configuration ?? planned).dataIdentifier
        return .preprocessed(try CaseStore(folder: "\(folder)/\(identifier)"))
    }
}
