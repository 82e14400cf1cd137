import Datasets
import Documents

/// How to predict with the model that won: nnU-Net's `inference_information.json`, and commands to paste.
public struct InferenceInstructions: Sendable {
    private let outcome: ConfigurationSelection.Outcome
    private let selection: ConfigurationSelection

    public init(_ outcome: ConfigurationSelection.Outcome, of selection: ConfigurationSelection) {
        self.outcome = outcome
        self.selection = selection
    }

    private var postprocessingFile: String { "\(outcome.best.folder)/\(PostprocessingFile.name)" }
    private var plansFile: String { "\(outcome.best.folder)/plans.json" }

    /// The document with nnU-Net's keys; the postprocessing is `postprocessing.json` instead of a pickle.
    public var json: JSONValue {
        func models(_ candidates: [ModelCandidate], plansKey: String) -> JSONValue {
            .array(
                candidates.map { candidate in
                    [
                        "configuration": .string(candidate.configuration), plansKey: .string(candidate.plans),
                        "trainer": .string(candidate.trainer),
                    ]
                })
        }
        var scores = JSONObject()
        for result in outcome.results { scores[result.identifier] = .real(result.dice) }
        return [
            "all_results": .object(scores),
            "best_model_or_ensemble": [
                "postprocessing_file": .string(postprocessingFile),
                "result_on_crossval_post_pp": .real(outcome.postprocessing.after.foregroundMeanDice),
                "result_on_crossval_pre_pp": .real(outcome.best.dice),
                "selected_model_or_models": models(outcome.best.members, plansKey: "plans_identifier"),
                "some_plans_file": .string(plansFile),
            ],
            "considered_models": models(selection.candidates, plansKey: "plans"),
            "dataset_name_or_id": .string(selection.dataset.name),
            "ensembling_allowed": .bool(selection.comparesPairs),
            "folds": .array(
                selection.folds.map { fold in
                    switch fold {
                    case .number(let number): .integer(number)
                    case .all: .string("all")
                    }
                }),
        ]
    }

    /// The commands, with words between them.
    ///
    /// - Throws: `DatasetError` when a model's plans cannot be read.
    public func text() throws(DatasetError) -> String {
        let members = outcome.best.members
        var lines = [members.count > 1 ? "Predict with both models:" : "Predict with the best model:", ""]
        var outputs: [String] = []
        for (index, member) in members.enumerated() {
            let output = members.count > 1 ? "OUTPUT_FOLDER_MODEL_\(index + 1)" : "OUTPUT_FOLDER"
            outputs.append(output)
            lines += try predictions(with: member, into: output, keepsProbabilities: members.count > 1)
        }
        if members.count > 1 {
            lines += ["", "Then average them:", ""]
            lines.append("pgps ensemble -i \(outputs.joined(separator: " ")) -o OUTPUT_FOLDER")
        }
        lines += [
            "", "Then apply the postprocessing:", "",
            "pgps apply-postprocessing -i OUTPUT_FOLDER -o OUTPUT_FOLDER_PP -pp_pkl_file "
                + "\(Self.quoted(postprocessingFile)) -plans_json \(Self.quoted(plansFile))",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// The commands that predict with one model: two where it takes the predictions of another configuration.
    private func predictions(
        with member: ModelCandidate, into output: String, keepsProbabilities: Bool
    ) throws(DatasetError) -> [String] {
        var options = keepsProbabilities ? " --save_probabilities" : ""
        var lines: [String] = []
        let plans = try Plans(contentsOf: member.folder + "/plans.json")
        if let previous = Self.previousStage(of: member.configuration, in: plans) {
            let folder = output + "_PREV_STAGE"
            lines.append(prediction(with: member, configuration: previous, into: folder))
            options = " -prev_stage_predictions \(folder)" + options
        }
        return lines + [prediction(with: member, configuration: member.configuration, into: output) + options]
    }

    /// The configuration whose predictions a cascade takes, which may be inherited.
    private static func previousStage(of configuration: String, in plans: Plans) -> String? {
        var name: String? = configuration
        // No chain is longer than the list of configurations.
        for _ in plans.configurationNames {
            let entry = name.flatMap { plans.json["configurations"]?[$0] }
            if let previous = entry?["previous_stage"]?.string { return previous }
            name = entry?["inherits_from"]?.string
        }
        return nil
    }

    private func prediction(with member: ModelCandidate, configuration: String, into output: String) -> String {
        "pgps predict -d \(selection.dataset.name) -i INPUT_FOLDER -o \(output) -f "
            + selection.folds.map(\.description).joined(separator: " ")
            + " -tr \(member.trainer) -c \(configuration) -p \(member.plans)"
    }

    /// A path as a shell takes it.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "/._-+".utf8.contains(byte)
        }
        return isPlain
            ? path
            : "'"
                + path.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }

    /// Writes both files into the dataset's folder of results.
    public func write(to folder: String) throws {
        try FileAccess.replace(
            folder + "/inference_information.json", with: json.text(indent: 4, sortedKeys: true))
        try FileAccess.replace(folder + "/inference_instructions.txt", with: text())
    }
}
