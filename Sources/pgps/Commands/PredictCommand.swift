import ArgumentParser
import Cluster
import Datasets
import Documents
import Kernels
import Networks
import Prediction
import Training

/// `pgps predict`: labels for new images.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Predicts the label maps of a folder of images with a trained model.",
        discussion: """
            Images are named CASE_0000.nii.gz, CASE_0001.nii.gz, … (one file per channel). Under mpirun the cases are \
            shared among the ranks. Several folds are averaged. Patches are mirrored along the axes that training \
            mirrored, which makes up to 8 passes; --disable_tta leaves one.

            Example:
              pgps predict -i imagesTs -o predictions -d 4 -c 3d_fullres -f 0 1 2 3 4 -tr pgps-performance
              mpirun -n 4 pgps predict -i imagesTs -o predictions -d 4 -c 3d_fullres -f 0 -tr cps --disable_tta
            """)

    @Option(name: .customShort("i"), help: ArgumentHelp("Folder of the images.", valueName: "folder"))
    var input: String

    @Option(name: .customShort("o"), help: ArgumentHelp("Folder for the label maps.", valueName: "folder"))
    var output: String

    @Option(name: .customShort("c"), help: ArgumentHelp("Configuration.", valueName: "configuration"))
    var configuration: String

    @Option(
        name: .customShort("f"), parsing: .upToNextOption,
        help: ArgumentHelp("Folds whose models are averaged (default: 0 1 2 3 4).", valueName: "folds"))
    var folds: [String] = []

    @Option(
        name: .customLong("step_size", withSingleDash: true),
        help: ArgumentHelp(
            "Distance between neighboring patches as a share of the patch; larger is faster and less accurate.",
            valueName: "share"))
    var stepSize = 0.5

    @Flag(name: .customLong("disable_tta"), help: "Do not mirror patches: up to 8 times faster, less accurate.")
    var disablesMirroring = false

    @Flag(name: .customLong("save_probabilities"), help: "Also write the probabilities of all classes, CASE.npz.")
    var savesProbabilities = false

    @Flag(name: .customLong("continue_prediction"), help: "Leave out cases whose results are there.")
    var continuesPrediction = false

    @Option(
        name: .customLong("num_parts", withSingleDash: true),
        help: ArgumentHelp("Predict only one of so many parts of the cases.", valueName: "n"))
    var partCount = 1

    @Option(
        name: .customLong("part_id", withSingleDash: true),
        help: ArgumentHelp("Which part, from 0.", valueName: "n"))
    var part = 0

    @Option(
        name: .customLong("chk", withSingleDash: true),
        help: ArgumentHelp("File name of the checkpoints.", valueName: "name"))
    var checkpoint = ModelFolder.defaultCheckpoint

    @Option(
        help: ArgumentHelp("Patches per pass of the network; more memory, sometimes faster.", valueName: "n"))
    var patchesPerPass = 1

    @Option(help: "Engine of the convolutions: \(Engine.allCases.map(\.rawValue).joined(separator: " or ")).")
    var engine = Engine.oneDNN

    @Option(
        help: ArgumentHelp(
            "auto, fp32 or bf16 (default: auto, bf16 where the CPU multiplies it in hardware).", valueName: "precision")
    )
    var precision = PrecisionChoice.auto

    @Flag(name: .customLong("disable_progress_bar"), help: "No progress display.")
    var hidesProgress = false

    @OptionGroup var model: ModelOptions
    @OptionGroup var threadOptions: ThreadOptions

    func validate() throws {
        guard stepSize > 0, stepSize <= 1 else { throw ValidationError(PredictionError.stepSize(stepSize).description) }
        guard partCount >= 1, (0..<partCount).contains(part) else {
            throw ValidationError(PredictionError.part(id: part, count: partCount).description)
        }
        guard patchesPerPass >= 1 else { throw ValidationError("--patches-per-pass must be at least 1") }
    }

    func run() throws { try ClusterScope.run { try predict(on: $0) } }

    private func predict(on runtime: ClusterRuntime) throws {
        let world = runtime.world
        try threadOptions.apply(on: runtime)
        let display = ProgressDisplay(isEnabled: !hidesProgress)
        defer { display.end() }
        runtime.note("loading the model")
        let precision = try self.precision.agreed(engine, on: world)
        let (job, predictor, passCount) = try world.agreeing { try prepare(precision) }
        // One rank looks at the output folder, before any of them writes to it.
        let listed = try world.agreeingOnRoot {
            try job.writeDocuments(arguments: try documentedArguments(precision))
            return continuesPrediction
                ? job.missingIdentifiers(withProbabilities: savesProbabilities) : job.cases.map(\.identifier)
        }
        let identifiers = try world.broadcast((listed ?? []).joined(separator: "\n")).split(separator: "\n").map(
            String.init)
        if world.isRoot {
            // The one name that may mean a model of nnU-Net or one from here.
            if model.trainer == ModelFolder.nnUNetTrainer { display.line("Model: \(job.model.path)") }
            let skipped = job.cases.count - identifiers.count
            display.line(
                "\(identifiers.count) case\(identifiers.count == 1 ? "" : "s") to predict"
                    + (skipped > 0 ? ", \(skipped) are there already" : "")
                    + (world.size > 1 ? ", shared among \(world.size) ranks" : "")
                    + "; \(passCount) pass\(passCount == 1 ? "" : "es") per patch, in \(precision.rawValue)")
        }
        var failures: [CaseFailure] = []
        let failure = Result {
            failures = try job.run(identifiers, with: predictor, rank: world.rank, size: world.size) { progress in
                runtime.note(
                    "case \(progress.identifier), patch \(progress.patchesDone) of \(progress.patchCount)")
                if world.isRoot {
                    display.update(
                        "Case \(progress.caseIndex + 1) of \(progress.caseCount), \(progress.identifier)",
                        completed: progress.patchesDone, total: progress.patchCount, detail: "patches")
                }
            }
        }
        try world.agree(failure: failure.failure)
        try report(failures, identifiers.count, on: world)
        if world.isRoot { display.line("Predictions: \(output)") }
    }

    /// Everything that can be wrong before the first image is opened.
    private func prepare(_ precision: Precision) throws -> (job: PredictionJob, predictor: Predictor, passCount: Int) {
        let folds = try ListOption.folds(folds)
        let model = try ModelFolder(path: self.model.folder(configuration: configuration))
        let job = try PredictionJob(
            model: model, inputFolder: input, outputFolder: output, part: part, partCount: partCount)
        let weights = try model.loadWeights(folds: folds, checkpoint: ModelFolder.checkpointFile(checkpoint))
        let session = try Session(
            architecture: model.architecture, batchSize: patchesPerPass, patchSize: model.configuration.patchSize,
            purpose: .inference, engine: engine, precision: precision)
        let settings = PredictionSettings(
            stepSize: stepSize, mirrorAxes: disablesMirroring ? [] : weights.mirrorAxes,
            keepsProbabilities: savesProbabilities)
        let predictor = Predictor(
            network: SessionNetwork(session: session, members: weights.members), plans: model.plans,
            configuration: model.configuration, labelManager: model.description.labelManager, settings: settings)
        return (job, predictor, PassMirroring.subsets(of: settings.mirrorAxes).count * folds.count)
    }

    /// Brings the failures of all ranks together; throws on all ranks if there is one.
    private func report(_ failures: [CaseFailure], _ caseCount: Int, on world: Communicator) throws {
        let own = JSONValue.array(failures.map { [.string($0.identifier), .string($0.reason)] })
        let all = try world.allGather(own.text()).flatMap { text in
            ((try? JSONValue(parsing: text))?.array ?? []).compactMap { entry in
                entry.strings.map { CaseFailure(identifier: $0[0], reason: $0[1]) }
            }
        }
        guard all.isEmpty else {
            throw PredictionError.casesFailed(
                failures: all.sorted { $0.identifier < $1.identifier }, caseCount: caseCount)
        }
    }

    /// nnU-Net's record of the call, and what else decided about the result.
    private func documentedArguments(_ precision: Precision) throws -> JSONObject {
        [
            "list_of_lists_or_source_folder": .string(input),
            "output_folder_or_list_of_truncated_output_files": .string(output),
            "save_probabilities": .bool(savesProbabilities), "overwrite": .bool(!continuesPrediction),
            "folder_with_segs_from_prev_stage": .null, "num_parts": .integer(partCount), "part_id": .integer(part),
            "dataset": .string(model.dataset), "configuration": .string(configuration),
            "trainer": .string(model.trainer),
            "plans": .string(model.plans),
            "folds": .strings(try ListOption.folds(folds).map(\.description)),
            "checkpoint": .string(ModelFolder.checkpointFile(checkpoint)), "step_size": .real(stepSize),
            "use_mirroring": .bool(!disablesMirroring), "precision": .string(precision.rawValue),
        ]
    }
}

extension Engine: ExpressibleByArgument {}
extension PrecisionChoice: ExpressibleByArgument {}

extension Result {
    /// The error, if it is one.
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
