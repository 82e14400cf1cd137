import Documents
import Foundation
import Testing

extension EndToEnd {
    /// Models that leave and come back, and trainings that start from them. (Tests/Conformance/check_models.py has nnU-Net
    /// itself on the other side.)
    @Suite struct ExchangeTests {
        /// A trained model of scheme cps, fold 0.
        private static func makeModel(_ sandbox: Sandbox) throws {
            try sandbox.makePhantom(cases: 5, testCases: 1)
            try sandbox.prepare()
            try sandbox.shrinkPlan(batchSize: 2, patchSize: [16, 16, 16])
            try sandbox.start(["train", "900", "3d_fullres", "0"] + Sandbox.oneIteration).expectSuccess()
        }

        private static func sum(_ path: String, _ sandbox: Sandbox) throws -> String {
            try JSONValue(parsing: sandbox.run("checkpoint", "show", path, "--json").output)["weightsSHA256"]?.string
                ?? "none"
        }

        private static let model = ["-d", "900", "-c", "3d_fullres", "-tr", "cps"]

        @Test("A model that was exported and imported predicts the same, in both formats") func roundTrip() throws {
            try Sandbox.with { sandbox in
                try Self.makeModel(sandbox)
                let original = try Self.sum(sandbox.runFolder("cps") + "/checkpoint_final.h5", sandbox)
                for (format, ending) in [("nnunet", "pth"), ("safetensors", "safetensors")] {
                    let folder = "\(sandbox.folder)/\(format)"
                    func export(_ more: String...) throws -> Program.Outcome {
                        try sandbox.start(["export"] + Self.model + ["--format", format, folder] + more).outcome()
                    }
                    try #expect(export().lines == [folder + "/fold_0/checkpoint_final." + ending])
                    #expect(
                        Sandbox.files(below: folder) == [
                            "dataset.json", "dataset_fingerprint.json", "fold_0/checkpoint_final." + ending,
                            "plans.json",
                        ])
                    expectRefused(try export(), saying: "plans.json", "--overwrite")
                    try #expect(export("--overwrite").status == 0)

                    let trainer = "nnUNetTrainer_" + format
                    try sandbox.run("import", folder, "-tr", trainer)
                    #expect(try Self.sum(sandbox.runFolder(trainer) + "/checkpoint_final.h5", sandbox) == original)
                    expectRefused(try sandbox.attempt("import", folder, "-tr", trainer), saying: "--overwrite")
                    try sandbox.run("import", folder, "-tr", trainer, "--overwrite")
                    #expect(try predict(trainer, sandbox) == predict("cps", sandbox))
                }
                try importFiles(sandbox, original)
                #expect(sandbox.leftovers() == [])
            }
        }

        private func predict(_ trainer: String, _ sandbox: Sandbox) throws -> [UInt8] {
            let output = "\(sandbox.folder)/predicted_\(trainer)"
            try sandbox.run(
                "predict", "-i", sandbox.rawFolder() + "/imagesTs", "-o", output, "-d", "900", "-c", "3d_fullres", "-f",
                "0", "-tr", trainer, "--threads", "1")
            return try FileAccess.read(output + "/phantom_005.nii.gz")
        }

        /// Single files: one says everything, the other needs plans and dataset.json.
        private func importFiles(_ sandbox: Sandbox, _ original: String) throws {
            let single = sandbox.folder + "/nnunet/fold_0/checkpoint_final.pth"
            let outcome = try sandbox.run("import", single, "-d", "905", "-f", "3")
            #expect(outcome.output.contains("-d 905 -c 3d_fullres -tr nnUNetTrainer -f 3"))
            let imported = sandbox.runFolder("nnUNetTrainer", fold: "3", id: 905) + "/checkpoint_final.h5"
            #expect(try Self.sum(imported, sandbox) == original)

            let weights = sandbox.folder + "/safetensors/fold_0/checkpoint_final.safetensors"
            expectRefused(try sandbox.attempt("import", weights), saying: "does not say its plans", "--plans")
            let documents = ["--plans", sandbox.folder + "/nnunet/plans.json"]
            expectRefused(
                try sandbox.start(["import", weights] + documents).outcome(),
                saying: "does not say its labels", "--dataset-json")
            let all = documents + ["--dataset-json", sandbox.folder + "/nnunet/dataset.json", "-d", "906"]
            try sandbox.start(["import", weights] + all).expectSuccess()
            #expect(try Self.sum(sandbox.runFolder("cps", id: 906) + "/checkpoint_final.h5", sandbox) == original)

            // Another network's plans.
            let other = sandbox.folder + "/other.json"
            try FileAccess.replace(other, with: FileAccess.read(sandbox.folder + "/nnunet/plans.json"))
            try sandbox.edit(other) { plans in
                plans.set(
                    ["configurations", "3d_fullres", "architecture", "arch_kwargs", "features_per_stage"],
                    [16, 16, 32])
            }
            expectRefused(
                try sandbox.attempt("import", single, "--plans", other, "-d", "907"), saying: single,
                "is [16, 16, 3, 3, 3] in the file and [32, 16, 3, 3, 3] in this network")
            #expect(!FileAccess.exists(sandbox.results + "/Dataset907_Phantom"))
        }

        @Test("A zip of models installs elsewhere, once, in both formats") func zip() throws {
            try Sandbox.with { sandbox in
                try Self.makeModel(sandbox)
                let original = try Self.sum(sandbox.runFolder("cps") + "/checkpoint_final.h5", sandbox)
                for (format, trainer) in [("pgps", "cps"), ("nnunet", "nnUNetTrainer")] {
                    let archive = "\(sandbox.folder)/\(format).zip"
                    let pack = ["export-model-to-zip"] + Self.model + ["-o", archive, "-f", "0", "--format", format]
                    try sandbox.start(pack).expectSuccess()
                    expectRefused(try sandbox.start(pack).outcome(), saying: archive, "--overwrite")
                    let results = "\(sandbox.folder)/elsewhere_\(format)"
                    func install(_ more: String...) throws -> Program.Outcome {
                        try sandbox.start(
                            ["install_pretrained_model_from_zip", archive] + more, results: results
                        ).outcome()
                    }
                    try #expect(install().status == 0)
                    let folder = sandbox.runFolder(trainer, in: results)
                    #expect(try Self.sum(folder + "/checkpoint_final.h5", sandbox) == original)
                    let files = Sandbox.files(below: results)
                    #expect(files.contains { $0.hasSuffix("fold_0/validation/summary.json") })
                    #expect(!files.contains { $0.hasSuffix(".pth") || $0.contains(".tmp") })
                    let before = try Sandbox.listing(of: results)
                    expectRefused(try install(), saying: "Dataset900_Phantom/\(trainer)", "--overwrite")
                    #expect(try Sandbox.listing(of: results) == before)
                    try #expect(install("--overwrite").status == 0)
                    #expect(try Sandbox.files(below: results) == files)
                }
                let all = ["export-model-to-zip"] + Self.model + ["-o", sandbox.folder + "/a.zip"]
                expectRefused(try sandbox.start(all).outcome(), saying: "fold 1 has no checkpoint", "fold 0")
                #expect(!FileAccess.exists(sandbox.folder + "/a.zip"))
                try sandbox.start(all + ["--not_strict"]).expectSuccess()
            }
        }

        @Test("A training starts from the weights of each kind of file, with the same bits on 1 and 3 ranks")
        func pretrained() throws {
            try Sandbox.with { sandbox in
                try Self.makeModel(sandbox)
                for format in ["nnunet", "safetensors"] {
                    try sandbox.start(["export"] + Self.model + ["--format", format, "\(sandbox.folder)/\(format)"])
                        .expectSuccess()
                }
                let files = [
                    sandbox.folder + "/nnunet/fold_0/checkpoint_final.pth",
                    sandbox.folder + "/safetensors/fold_0/checkpoint_final.safetensors",
                    sandbox.runFolder("cps") + "/checkpoint_final.h5",
                ]
                func train(_ more: [String], ranks: Int? = nil, results: String) throws -> Program.Outcome {
                    try sandbox.start(
                        ["train", "900", "3d_fullres", "1"] + Sandbox.oneIteration + more, ranks: ranks,
                        results: sandbox.folder + "/" + results
                    ).outcome()
                }
                let fresh = try train([], results: "fresh")
                let runs = try files.enumerated().map { index, file in
                    try train(
                        ["-pretrained_weights", file], ranks: index == 0 ? 3 : nil, results: "pretrained\(index)")
                }
                let sum = try #require(runs[0].weightsSHA256, "\(runs[0])")
                #expect(runs.map(\.weightsSHA256) == [sum, sum, sum] && fresh.weightsSHA256 != sum)
                let folder = sandbox.runFolder("cps", fold: "1", in: sandbox.folder + "/pretrained0")
                let record = try String(decoding: FileAccess.read(folder + "/run.yaml"), as: UTF8.self)
                #expect(record.contains("pretrained-weights: \"/"))
                #expect(record.contains("/nnunet/fold_0/checkpoint_final.pth\""))

                try refuse(sandbox, files[0]) { try train($0, results: "refused") }
                #expect(!FileAccess.exists(sandbox.folder + "/refused"))
            }
        }

        private func refuse(
            _ sandbox: Sandbox, _ good: String, _ train: ([String]) throws -> Program.Outcome
        ) throws {
            func expect(_ file: String, _ words: String...) throws {
                let outcome = try train(["-pretrained_weights", file])
                for word in words { expectRefused(outcome, saying: word) }
            }
            try expect(sandbox.folder + "/none.pth", "there is no checkpoint", "none.pth")
            try expect(sandbox.folder, "-pretrained_weights", ".safetensors")
            let text = sandbox.folder + "/text.pth"
            try FileAccess.replace(text, with: "hello")
            try expect(text, "text.pth cannot be read", "zip archive")
            expectRefused(try train(["-pretrained_weights", good, "--c"]), saying: "-pretrained_weights", "--c")
            // A network with another number of features.
            try sandbox.edit(sandbox.preprocessedFolder() + "/nnUNetPlans.json") { plans in
                plans.set(
                    ["configurations", "3d_fullres", "architecture", "arch_kwargs", "features_per_stage"],
                    [16, 16, 32])
            }
            try expect(good, "is [16, 16, 3, 3, 3] in the file and [32, 16, 3, 3, 3] in this network")
        }

        @Test("What cannot be exported or imported is refused with one message") func badInput() throws {
            try Sandbox.with { sandbox in
                let folder = sandbox.folder
                expectRefused(try sandbox.attempt("import", folder + "/none"), saying: "there is no", "/none")
                try FileAccess.replace(folder + "/a.txt", with: "hello")
                expectRefused(try sandbox.attempt("import", folder + "/a.txt"), saying: "a.txt", "nothing to import")
                expectRefused(try sandbox.attempt("import", folder), saying: "no fold", "checkpoint_final")
                try FileAccess.replace(folder + "/a.safetensors", with: "hello, world")
                expectRefused(
                    try sandbox.attempt("import", folder + "/a.safetensors"), saying: "a.safetensors", "header")
                try FileAccess.replace(folder + "/a.zip", with: "PK")
                expectRefused(
                    try sandbox.attempt("install-pretrained-model-from-zip", folder + "/a.zip"),
                    saying: "not a whole zip archive")
                try FileAccess.makeFolder(sandbox.results + "/Dataset900_Phantom")
                expectRefused(
                    try sandbox.start(["export"] + Self.model + ["--format", "nnunet", folder + "/out"]).outcome(),
                    saying: "no trained model", "cps__nnUNetPlans__3d_fullres")
                expectRefused(
                    try sandbox.start(["export"] + Self.model + ["--format", "onnx", folder + "/out"]).outcome(),
                    saying: "onnx", "safetensors")
                #expect(!FileAccess.exists(folder + "/out") && Sandbox.files(below: sandbox.results) == [])
            }
        }
    }
}

extension Program.Running {
    /// Waits for the end, which must be a success.
    fileprivate func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let outcome = try outcome()
        #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome)", sourceLocation: sourceLocation)
    }
}
