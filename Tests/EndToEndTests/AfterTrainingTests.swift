import Documents
import Foundation
import Tensors
import Testing
import Volumes

extension EndToEnd {
    @Suite struct AfterTrainingTests {
        /// Two schemes, two folds each, trained for one iteration, with probabilities of the validation cases.
        private func trained(_ sandbox: Sandbox, schemes: [String]) throws {
            try sandbox.makePhantom(testCases: 1)
            try sandbox.prepare()
            try sandbox.shrinkPlan(batchSize: 2)
            for scheme in schemes {
                try sandbox.run(
                    "train", "900", "3d_fullres", "0,1", "-tr", scheme, "--epochs", "1", "--iterations-per-epoch", "9",
                    "--validation-iterations", "0", "--threads", "1", "--npz")
            }
        }

        @Test("From validations to the best pair, its postprocessing and predictions by the printed commands")
        func wholeChain() throws {
            try Sandbox.with { sandbox in
                try trained(sandbox, schemes: ["cps", "rpss"])
                let results = sandbox.results + "/Dataset900_Phantom"
                let model = results + "/cps__nnUNetPlans__3d_fullres"

                // The folds together, in a folder of their own; one that is not empty is refused.
                let words = ["accumulate-crossval-results", "900", "-c", "3d_fullres", "-f", "0", "1", "-o"]
                let merged = sandbox.folder + "/merged"
                #expect(try sandbox.start(words + [merged]).outcome().status == 0)
                #expect(try JSONValue(contentsOf: merged + "/summary.json")["metric_per_case"]?.array?.count == 3)
                expectRefused(try sandbox.start(words + [merged]).outcome(), saying: merged, "not empty")

                let found = try sandbox.run(
                    "find-best-configuration", "900", "-c", "3d_fullres", "-tr", "cps", "rpss", "-f", "0", "1")
                let ensemble =
                    "ensemble___cps__nnUNetPlans__3d_fullres___rpss__nnUNetPlans__3d_fullres___0_1"
                let information = try JSONValue(contentsOf: results + "/inference_information.json")
                let scores = try #require(information["all_results"]?.object)
                #expect(
                    scores.keys.sorted()
                        == ["cps__nnUNetPlans__3d_fullres", ensemble, "rpss__nnUNetPlans__3d_fullres"])
                let best = try #require(information["best_model_or_ensemble"])
                let highest = scores.members.compactMap(\.value.number).max()
                #expect(best["result_on_crossval_pre_pp"]?.number == highest)
                let file = try #require(best["postprocessing_file"]?.string)
                #expect(FileAccess.exists(file) && file.hasSuffix("/postprocessing.json"))
                let instructions = try String(contentsOfFile: results + "/inference_instructions.txt", encoding: .utf8)
                #expect(found.output.contains(instructions) && found.output.contains("← best"))
                #expect(FileAccess.exists(model + "/crossval_results_folds_0_1/summary.json"))
                #expect(try FileAccess.list("\(results)/ensembles/\(ensemble)").contains("dataset.json"))

                // Again, with what is there.
                let again = try sandbox.run(
                    "find-best-configuration", "900", "-c", "3d_fullres", "-tr", "cps", "rpss", "-f", "0", "1",
                    "--no_overwrite")
                #expect(!again.output.contains("Averaging"))
                #expect(try JSONValue(contentsOf: results + "/inference_information.json") == information)

                // The commands as they are printed, with the folders put in.
                let output = sandbox.folder + "/predictions"
                for line in instructions.split(separator: "\n") where line.hasPrefix("pgps ") {
                    let command = line.dropFirst("pgps ".count).split(separator: " ").map { word in
                        word.replacingOccurrences(of: "INPUT_FOLDER", with: sandbox.rawFolder() + "/imagesTs")
                            .replacingOccurrences(of: "OUTPUT_FOLDER", with: output)
                    }
                    let outcome = try sandbox.start(command).outcome()
                    #expect(outcome.status == 0, "\(outcome)")
                }
                #expect(FileAccess.exists(output + "_PP/phantom_006.nii.gz"))
            }
        }

        @Test("Models and folds that are missing are named") func missingModels() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                try sandbox.prepare()
                func attempt(_ others: String...) throws -> Program.Outcome {
                    try sandbox.start(["find-best-configuration", "900"] + others).outcome()
                }
                expectRefused(
                    try attempt("-c", "3d_fullres"), saying: "cps__nnUNetPlans__3d_fullres", "is planned: train it")
                expectRefused(try attempt("-c", "4d"), saying: "no configuration 4d")
                expectRefused(try attempt("-p", "otherPlans"), saying: "otherPlans.json", "missing")
                expectRefused(try attempt("-tr", "pgps_perfomance"), saying: "the nearest is pgps-performance")
                expectRefused(try attempt("-f", "x"), saying: "\"x\" is not a fold")
                expectRefused(
                    try sandbox.attempt("accumulate-crossval-results", "900", "-c", "3d_fullres"),
                    saying: "cps__nnUNetPlans__3d_fullres")
                let model = "\(sandbox.results)/Dataset900_Phantom/cps__nnUNetPlans__3d_fullres"
                try FileAccess.makeFolder(model)
                for (source, name) in [("nnUNetPlans", "plans"), ("dataset", "dataset")] {
                    try FileAccess.replace(
                        "\(model)/\(name).json",
                        with: FileAccess.read("\(sandbox.preprocessedFolder())/\(source).json"))
                }
                expectRefused(try attempt("-c", "3d_fullres"), saying: "fold 0 has no predictions", "--val")
                #expect(Sandbox.files(below: sandbox.results).count == 2)
            }
        }

        /// Label maps of one row, on a grid with an origin.
        private func write(_ rows: [String: [Int32]], in folder: String) throws {
            try FileAccess.makeFolder(folder)
            for (name, row) in rows {
                try NIfTI.write(
                    labels: Tensor(shape: [1, 1, row.count], scalars: row),
                    geometry: Geometry(spacing: [3, 2, 1], origin: [9, 8, 7]), to: "\(folder)/\(name).nii.gz")
            }
        }

        @Test("Postprocessing is found, written and applied; a pickle is refused") func postprocessing() throws {
            try Sandbox.with { sandbox in
                let (truth, input) = (sandbox.folder + "/truth", sandbox.folder + "/input")
                try write(["a": [1, 1, 2, 0, 0, 0], "b": [0, 1, 1, 2, 2, 0]], in: truth)
                try write(["a": [1, 1, 2, 0, 1, 2], "b": [0, 1, 1, 2, 2, 0]], in: input)
                let description: JSONValue = [
                    "channel_names": ["0": "MRI"], "labels": ["background": 0, "one": 1, "two": 2], "numTraining": 2,
                    "file_ending": ".nii.gz",
                ]
                expectRefused(
                    try sandbox.attempt("determine-postprocessing", "-i", input, "-ref", truth),
                    saying: input + "/dataset.json", "missing")
                try FileAccess.replace(input + "/dataset.json", with: description.text())
                let outcome = try sandbox.run("determine-postprocessing", "-i", input, "-ref", truth)
                #expect(outcome.output.contains("largest component of all foreground"))
                #expect(outcome.output.contains("accepted"))
                let file = input + "/postprocessing.json"
                #expect(
                    try JSONValue(contentsOf: file)["postprocessing_kwargs"] == [["labels_or_regions": [1, 2]]])
                #expect(
                    try FileAccess.list(input + "/postprocessed") == ["a.nii.gz", "b.nii.gz", "summary.json"])

                let output = sandbox.folder + "/output"
                for option in ["-pp_pkl_file", "-pp_file"] {
                    try sandbox.run("apply-postprocessing", "-i", input, "-o", output, option, file)
                }
                let image = try NIfTI.readLabels(output + "/a.nii.gz")
                #expect(image.labels.scalars == [1, 1, 2, 0, 0, 0] && image.geometry.origin == [9, 8, 7])
                #expect(
                    try FileAccess.read(output + "/b.nii.gz") == FileAccess.read(input + "/postprocessed/b.nii.gz"))

                try FileAccess.replace(input + "/postprocessing.pkl", with: [0x80, 4, 0x95] as [UInt8])
                expectRefused(
                    try sandbox.attempt(
                        "apply-postprocessing", "-i", input, "-o", output, "-pp_pkl_file", input + "/postprocessing.pkl"
                    ),
                    saying: "never opened here", file)
                expectRefused(
                    try sandbox.attempt(
                        "apply-postprocessing", "-i", output, "-o", sandbox.folder + "/x", "-pp_file", file),
                    saying: output + "/dataset.json")
                try sandbox.run("determine-postprocessing", "-i", input, "-ref", truth, "--remove_postprocessed")
                #expect(!FileAccess.exists(input + "/postprocessed"))
            }
        }

        @Test("Labels on the command line score a folder, with an ignore label") func evaluateSimple() throws {
            try Sandbox.with { sandbox in
                let (truth, input) = (sandbox.folder + "/truth", sandbox.folder + "/input")
                try write(["a": [1, 1, 2, 3, 0, 0], "b": [1, 0, 0, 0, 0, 0]], in: truth)
                try write(["a": [1, 0, 2, 2, 0, 0]], in: input)
                expectRefused(
                    try sandbox.attempt("evaluate-simple", truth, input, "-l", "1", "2"), saying: "b.nii.gz", "--chill")
                let outcome = try sandbox.run("evaluate-simple", truth, input, "-l", "1", "2", "-il", "3", "--chill")
                #expect(outcome.lines.contains("Dice  1     0.6667") && outcome.lines.contains("Dice  2     1.0000"))
                let scores = try JSONValue(contentsOf: input + "/summary.json")
                #expect(scores["mean"]?["2"]?["TN"] == 4.0)
                expectRefused(try sandbox.attempt("evaluate-simple", truth, input, "-l", "x"), saying: "\"x\"")
                expectRefused(try sandbox.attempt("evaluate-simple", truth, sandbox.raw, "-l", "1"), saying: ".nii.gz")
                // The same scores through nnU-Net's name of evaluate.
                try sandbox.run("links", sandbox.folder + "/links")
                let link = try Program.Running(
                    [sandbox.folder + "/links/nnUNetv2_evaluate_simple", truth, input, "-l", "1", "2", "--chill"],
                    environment: sandbox.environment(), folder: sandbox.folder + "/said", limit: 60
                ).outcome()
                #expect(link.status == 0 && link.output.contains("Dice  2     0.6667"), "\(link)")
            }
        }

        @Test("Ensembles of folders that do not fit are refused") func badEnsembles() throws {
            try Sandbox.with { sandbox in
                let (one, two) = (sandbox.folder + "/one", sandbox.folder + "/two")
                for folder in [one, two] { try FileAccess.makeFolder(folder) }
                func attempt() throws -> Program.Outcome {
                    try sandbox.attempt("ensemble", "-i", one, two, "-o", sandbox.folder + "/out")
                }
                expectRefused(try attempt(), saying: one, "--save_probabilities")
                try FileAccess.replace(one + "/a.npz", with: "text")
                try FileAccess.replace(two + "/b.npz", with: "text")
                expectRefused(try attempt(), saying: one, "no probabilities of b")
                try FileAccess.replace(two + "/a.npz", with: "text")
                try FileAccess.replace(one + "/b.npz", with: "text")
                expectRefused(try attempt(), saying: one + "/dataset.json")
                try FileAccess.replace(
                    one + "/dataset.json",
                    with: """
                        {"channel_names": {"0": "x"}, "labels": {"background": 0, "one": 1}, "numTraining": 1,
                        "file_ending": ".nii.gz"}
                        """)
                expectRefused(try attempt(), saying: "a.nii.gz is missing")
                for name in ["a", "b"] { try write([name: [0, 1]], in: one) }
                expectRefused(try attempt(), saying: "a.npz", "zip archive")
                expectRefused(
                    try sandbox.attempt("ensemble", "-i", one, two, "-o", two), saying: "both input and output")
            }
        }

        @Test("Pictures of raw and preprocessed cases are drawn") func overlays() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                let pictures = sandbox.folder + "/pictures"
                expectRefused(
                    try sandbox.attempt("plot-overlay-pngs", "-d", "900", "-o", pictures), saying: "nnUNetPlans.json")
                try sandbox.prepare()
                for more in [["--use_raw"], ["-overlay_intensity", "0.3", "-c", "3d_fullres"]] {
                    try FileAccess.remove(pictures)
                    let outcome = try sandbox.start(["plot_overlay_pngs", "-d", "900", "-o", pictures] + more).outcome()
                    #expect(outcome.status == 0, "\(outcome)")
                    let names = try FileAccess.list(pictures)
                    #expect(names.count == 5 && names.allSatisfy { $0.hasSuffix(".png") })
                    for name in names {
                        #expect(try FileAccess.read("\(pictures)/\(name)").starts(with: [0x89, 0x50, 0x4E, 0x47]))
                    }
                }
                expectRefused(
                    try sandbox.attempt(
                        "plot-overlay-pngs", "-d", "900", "-o", pictures, "--use_raw", "-channel_idx", "3"),
                    saying: "no channel 3")
                expectRefused(
                    try sandbox.attempt("plot-overlay-pngs", "-d", "900", "-o", pictures, "-overlay_intensity", "-1"),
                    saying: "-overlay_intensity")
            }
        }

        @Test("nnU-Net's command names run this program as its users type") func links() throws {
            try Sandbox.with { sandbox in
                let folder = sandbox.folder + "/links"
                let made = try sandbox.run("links", folder)
                #expect(try FileAccess.list(folder) == made.lines.sorted())
                #expect(
                    made.lines.contains("nnUNetv2_train") && made.lines.contains("nnUNetv2_find_best_configuration"))
                try sandbox.run("links", folder)
                func attempt(_ words: String...) throws -> Program.Outcome {
                    var environment = sandbox.environment()
                    // Not set, so that the program starts itself again and must keep its name.
                    environment["OMP_WAIT_POLICY"] = nil
                    return try Program.Running(
                        ["\(folder)/\(words[0])"] + words.dropFirst(), environment: environment,
                        folder: sandbox.folder + "/said", limit: 240
                    ).outcome()
                }
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 2)
                let training = try attempt(
                    "nnUNetv2_train", "900", "3d_fullres", "0", "--npz", "-device", "cpu", "-num_gpus", "1", "--epochs",
                    "1",
                    "--iterations-per-epoch", "1", "--validation-iterations", "0", "--threads", "1")
                #expect(
                    training.status == 0 && training.errors.contains("note: -num_gpus: has no meaning"), "\(training)")
                let output = sandbox.folder + "/predictions"
                let prediction = try attempt(
                    "nnUNetv2_predict", "-i", sandbox.rawFolder() + "/imagesTr", "-o", output, "-d", "900", "-c",
                    "3d_fullres", "-f", "0", "-npp", "2", "-chk", "checkpoint_final.pth", "--disable_tta")
                #expect(prediction.status == 0 && prediction.errors.contains("note: -npp"), "\(prediction)")
                #expect(FileAccess.exists(output + "/phantom_000.nii.gz"))
                expectRefused(
                    try attempt("nnUNetv2_train", "900", "3d_fullres", "0", "-device", "cuda"), saying: "-device cuda",
                    "CPUs")

                try FileAccess.remove(folder + "/nnUNetv2_train")
                try FileAccess.replace(folder + "/nnUNetv2_train", with: "mine")
                expectRefused(try sandbox.attempt("links", folder), saying: "nnUNetv2_train", "is there")
                #expect(try FileAccess.read(folder + "/nnUNetv2_train") == Array("mine".utf8))
            }
        }
    }
}
