import Datasets
import Documents
import Evaluation
import Prediction
import TestSupport
import Testing

@Suite struct SelectionTests {
    private static let dataset = DatasetName(id: 7, shortName: "Tiny")

    /// Plans with a cascade, and folders of models.
    private func workspace(in folder: String, models: [String]) throws -> Workspace {
        let plans: JSONValue = [
            "dataset_name": "Dataset007_Tiny", "plans_name": "nnUNetPlans", "transpose_forward": [0, 1, 2],
            "configurations": [
                "2d": [:], "3d_lowres": [:], "3d_fullres": [:],
                "3d_cascade_fullres": ["inherits_from": "3d_fullres", "previous_stage": "3d_lowres"],
                "mine": ["inherits_from": "3d_cascade_fullres"],
            ],
        ]
        try FileAccess.makeFolder(folder + "/preprocessed/Dataset007_Tiny")
        try FileAccess.replace(folder + "/preprocessed/Dataset007_Tiny/nnUNetPlans.json", with: plans.text())
        for model in models {
            let path = "\(folder)/results/Dataset007_Tiny/\(model)"
            try FileAccess.makeFolder(path)
            try FileAccess.replace(path + "/plans.json", with: plans.text())
        }
        return Workspace(raw: nil, preprocessed: folder + "/preprocessed", results: folder + "/results")
    }

    private func candidates(
        _ workspace: Workspace, trainers: [String], configurations: [String]
    ) throws -> (candidates: [ModelCandidate], unplanned: [String]) {
        try ModelCandidate.all(
            of: #require(Self.dataset), trainers: trainers, configurations: configurations, plans: ["nnUNetPlans"],
            in: workspace)
    }

    @Test("Candidates are all combinations that are planned; what is planned must be trained")
    func combinations() throws {
        try TestFiles.withTemporaryFolder { folder in
            let workspace = try workspace(
                in: folder,
                models: [
                    "cps__nnUNetPlans__3d_fullres", "cps__nnUNetPlans__2d", "pgps__nnUNetPlans__3d_fullres",
                    "pgps__nnUNetPlans__2d",
                ])
            let (found, unplanned) = try candidates(
                workspace, trainers: ["cps", "pgps"], configurations: ["2d", "4d", "3d_fullres"])
            #expect(
                found.map(\.identifier) == [
                    "cps__nnUNetPlans__2d", "cps__nnUNetPlans__3d_fullres", "pgps__nnUNetPlans__2d",
                    "pgps__nnUNetPlans__3d_fullres",
                ])
            #expect(unplanned.count == 1 && unplanned[0].hasPrefix("nnUNetPlans has no configuration 4d"))
            func message(_ trainers: [String], _ configurations: [String]) throws -> String {
                let error = #expect(throws: (any Error).self) {
                    try candidates(workspace, trainers: trainers, configurations: configurations)
                }
                return "\(try #require(error))"
            }
            let missing = try message(["cps"], ["3d_fullres", "3d_lowres"])
            #expect(missing.contains("cps__nnUNetPlans__3d_lowres, but its configuration is planned"))
            #expect(missing.contains("there are cps__nnUNetPlans__2d, cps__nnUNetPlans__3d_fullres"))
            #expect(try message(["cps"], ["4d"]).contains("no model to choose from"))
        }
    }

    @Test("nnUNetTrainer is a model that came from nnU-Net, or else the one of cps") func nnUNetTrainer() throws {
        try TestFiles.withTemporaryFolder { folder in
            let workspace = try workspace(in: folder, models: ["cps__nnUNetPlans__2d"])
            #expect(
                try candidates(workspace, trainers: ["nnUNetTrainer"], configurations: ["2d"]).candidates.map(\.trainer)
                    == ["cps"])
            try FileAccess.makeFolder(folder + "/results/Dataset007_Tiny/nnUNetTrainer__nnUNetPlans__2d")
            #expect(
                try candidates(workspace, trainers: ["nnUNetTrainer"], configurations: ["2d"]).candidates.map(\.trainer)
                    == ["nnUNetTrainer"])
            let others = try ModelFolder.path(
                of: #require(Self.dataset), trainer: "nnUNetTrainerNoDA", plans: "p", configuration: "2d", in: workspace
            )
            #expect(others == folder + "/results/Dataset007_Tiny/nnUNetTrainerNoDA__p__2d")
        }
    }

    // MARK: - Instructions

    private static func summary(dice: [Int]) -> EvaluationSummary {
        EvaluationSummary(
            targets: [.label(1)],
            cases: dice.map { truePositives in
                CaseEvaluation(
                    referenceFile: "r", predictionFile: "p",
                    counts: [
                        ClassCounts(
                            truePositives: truePositives, falsePositives: 2 * (4 - truePositives), falseNegatives: 0,
                            trueNegatives: 0)
                    ])
            })
    }

    private func instructions(
        _ workspace: Workspace, configurations: [String], bestFolder: String
    ) throws -> InferenceInstructions {
        let models = try candidates(workspace, trainers: ["cps"], configurations: configurations).candidates
        let selection = ConfigurationSelection(
            dataset: try #require(Self.dataset), candidates: models, folds: [.number(0), .all], in: workspace)
        // 2·2 / (2·2 + 4) = 0.5, and 2·4 / 2·4 = 1.
        let result = ConfigurationSelection.Result(
            identifier: ConfigurationSelection.identifier(of: models, folds: selection.folds), members: models,
            folder: bestFolder, summary: Self.summary(dice: [2]))
        let postprocessing = PostprocessingSearch.Outcome(
            postprocessing: Postprocessing(), trials: [], before: result.summary, after: Self.summary(dice: [4]))
        return InferenceInstructions(
            .init(results: [result], best: result, postprocessing: postprocessing), of: selection)
    }

    @Test("A cascade's instructions predict the configuration before it first") func cascade() throws {
        try TestFiles.withTemporaryFolder { folder in
            let workspace = try workspace(in: folder, models: ["cps__nnUNetPlans__mine"])
            let text = try instructions(workspace, configurations: ["mine"], bestFolder: "/best").text()
            let commands = text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("pgps") }
            let first = "pgps predict -d Dataset007_Tiny -i INPUT_FOLDER -o OUTPUT_FOLDER_PREV_STAGE -f 0 all -tr cps"
            let second = "pgps predict -d Dataset007_Tiny -i INPUT_FOLDER -o OUTPUT_FOLDER -f 0 all -tr cps -c mine"
            let third = "pgps apply-postprocessing -i OUTPUT_FOLDER -o OUTPUT_FOLDER_PP"
            #expect(commands.count == 3)
            #expect(commands[0] == first + " -c 3d_lowres -p nnUNetPlans")
            #expect(commands[1] == second + " -p nnUNetPlans -prev_stage_predictions OUTPUT_FOLDER_PREV_STAGE")
            #expect(commands[2] == third + " -pp_pkl_file /best/postprocessing.json -plans_json /best/plans.json")
        }
    }

    @Test("A pair's instructions keep probabilities and average them; paths are quoted") func pair() throws {
        try TestFiles.withTemporaryFolder { folder in
            let workspace = try workspace(
                in: folder, models: ["cps__nnUNetPlans__2d", "cps__nnUNetPlans__3d_fullres"])
            let instructions = try instructions(
                workspace, configurations: ["2d", "3d_fullres"], bestFolder: "/it's best")
            let lines = try instructions.text().split(separator: "\n").map(String.init)
            let commands = lines.filter { $0.hasPrefix("pgps") }
            #expect(commands.count == 4)
            #expect(
                commands[0].hasSuffix(
                    "-o OUTPUT_FOLDER_MODEL_1 -f 0 all -tr cps -c 2d -p nnUNetPlans --save_probabilities"))
            #expect(commands[2] == "pgps ensemble -i OUTPUT_FOLDER_MODEL_1 OUTPUT_FOLDER_MODEL_2 -o OUTPUT_FOLDER")
            #expect(commands[3].contains(#"-pp_pkl_file '/it'\''s best/postprocessing.json'"#))

            let json = instructions.json
            let name = "ensemble___cps__nnUNetPlans__2d___cps__nnUNetPlans__3d_fullres___0_all"
            #expect(json["all_results"]?[name]?.number == 0.5)
            let folds: JSONValue = [0, "all"]
            #expect(json["folds"] == folds)
            #expect(json["dataset_name_or_id"]?.string == "Dataset007_Tiny")
            let best = json["best_model_or_ensemble"]
            #expect(best?["result_on_crossval_pre_pp"]?.number == 0.5)
            #expect(best?["result_on_crossval_post_pp"]?.number == 1)
            let selected: JSONValue = [
                ["configuration": "2d", "trainer": "cps", "plans_identifier": "nnUNetPlans"],
                ["configuration": "3d_fullres", "trainer": "cps", "plans_identifier": "nnUNetPlans"],
            ]
            #expect(best?["selected_model_or_models"] == selected)
        }
    }
}
