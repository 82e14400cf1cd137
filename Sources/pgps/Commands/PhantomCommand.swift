import ArgumentParser
import Datasets

/// `pgps phantom`: a generated raw dataset.
struct PhantomCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phantom",
        abstract: "Writes a generated dataset in nnU-Net's raw layout: two organs and small lesions.",
        discussion: """
            The organs vary in pose, size and shape, and share their brightness with other structures, so that a \
            network is needed to find them. Spacing differs between cases. The same seed gives the same bytes.

            Example:
              pgps phantom $nnUNet_raw --cases 20 --seed 1
              pgps phantom /tmp/raw --cases 6 --seed 11 --size 40 40 32 --id 901 --name Small
            """)

    @Argument(help: ArgumentHelp("Folder that gets the dataset's folder.", valueName: "out"))
    var root: String

    @Option(help: ArgumentHelp("Training cases.", valueName: "n"))
    var cases: Int

    @Option(help: ArgumentHelp("Cases with labels in imagesTs and labelsTs besides.", valueName: "n"))
    var testCases = 0

    @Option(help: ArgumentHelp("Seed of all random numbers.", valueName: "n"))
    var seed: UInt64

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Voxels along D, H and W (default: \(Phantom.defaultSize.map(String.init).joined(separator: " "))).",
            valueName: "D H W"))
    var size: [String] = []

    @Option(help: ArgumentHelp("The dataset's number.", valueName: "n"))
    var id = 900

    @Option(help: ArgumentHelp("The dataset's name, without number.", valueName: "name"))
    var name = "Phantom"

    func run() throws {
        let size = try ListOption.integers(self.size, option: "--size")
        let phantom = try Phantom(
            caseCount: cases, testCaseCount: testCases, seed: seed, size: size.isEmpty ? Phantom.defaultSize : size,
            id: id, shortName: name)
        let display = ProgressDisplay()
        let folder = try phantom.write(to: root) { progress in display.update(progress) }
        display.line("\(folder): \(cases) cases of \(phantom.size.map(String.init).joined(separator: "x")) voxels")
    }
}
