import Documents
import Foundation
import Testing

extension EndToEnd {
    /// Runs that cannot start or go on: one message, and nothing half-written.
    @Suite struct BadRunTests {
        private func train(
            _ sandbox: Sandbox, _ more: [String], fold: [String] = ["0"], ranks: Int? = nil, results: String? = nil,
            fileLimit: Int? = nil
        ) throws -> Program.Outcome {
            try sandbox.start(
                ["train", "900", "3d_fullres"] + fold + Sandbox.oneIteration + more, ranks: ranks, results: results,
                fileLimit: fileLimit
            ).outcome()
        }

        @Test(
            "What is not a fold is refused",
            arguments: ["x", "1.5", "5,5", "all,0", "fold_0", "", "-1", "-1,0", "0,-1"])
        func notAFold(fold: String) throws {
            try Sandbox.with { sandbox in
                expectRefused(try train(sandbox, [], fold: [fold]), saying: "fold", "\"\(fold)\"", "all-folds")
            }
        }

        @Test("A negative number is refused by whoever takes it") func negativeNumbers() throws {
            try Sandbox.with { sandbox in
                expectRefused(try train(sandbox, [], fold: ["0", "-1"]), saying: "the fold argument is \"0 -1\"")
                expectRefused(try train(sandbox, ["--seed", "-5"]), saying: "--seed is \"-5\"", "from 0")
                expectRefused(
                    try train(sandbox, ["--mirror-axes", "0", "-1"]), saying: "--mirror-axes is \"0,-1\"", "0 1 2")
                let others = ["-i", sandbox.folder, "-o", sandbox.folder + "/out", "-d", "900", "-c", "3d_fullres"]
                expectRefused(
                    try sandbox.start(["predict"] + others + ["-tr", "cps", "-f", "-1"]).outcome(),
                    saying: "\"-1\" is not a fold", "from 0")
            }
        }

        @Test("Names are corrected") func names() throws {
            try Sandbox.with { sandbox in
                expectRefused(try train(sandbox, ["-tr", "pgps-perfomance"]), saying: "pgps-performance")
                expectRefused(try train(sandbox, ["--engine", "mkl"]), saying: "onednn")
                expectRefused(try train(sandbox, ["--precision", "fp16"]), saying: "auto, fp32, bf16")
                expectRefused(
                    try train(sandbox, ["--engine", "openblas", "--precision", "bf16"]),
                    saying: "--precision is \"bf16\"", "openblas computes in on this CPU: fp32")
                let config = sandbox.folder + "/run.yaml"
                try FileAccess.replace(config, with: "epcohs: 3\n")
                expectRefused(
                    try train(sandbox, ["--config", config]), saying: "run.yaml, line 1", "epcohs", "\"epochs\"")
                expectRefused(
                    try train(sandbox, ["--config", sandbox.folder + "/none.yaml"]), saying: "none.yaml", "No such file"
                )
            }
        }

        @Test("Runs on what was never prepared or started are refused") func unprepared() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                expectRefused(try train(sandbox, []), saying: "nnUNetPlans.json", "plan-and-preprocess")
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 2)
                expectRefused(try train(sandbox, ["--c"]), saying: "--c", "no run to continue")
                expectRefused(try train(sandbox, ["--val"]), saying: "--val", "checkpoint_final.h5")
                expectRefused(try train(sandbox, ["-p", "otherPlans"]), saying: "otherPlans.json")
                expectRefused(
                    try train(sandbox, ["-tr", "pgps", "--epochs", "1"]), saying: "pgps", "stages", "iterations")
                #expect(try Sandbox.listing(of: sandbox.results) == [:])
                let predictions = sandbox.folder + "/predictions"
                expectRefused(
                    try sandbox.attempt(
                        "predict", "-i", sandbox.rawFolder() + "/imagesTr", "-o", predictions, "-d", "900", "-c",
                        "3d_fullres", "-f", "0", "-tr", "cps"), saying: "cps__nnUNetPlans__3d_fullres")
                #expect(!FileAccess.exists(predictions))
            }
        }

        @Test("An unknown dataset ends a job of two ranks, once and at once") func onTwoRanks() throws {
            try Sandbox.with { sandbox in
                expectRefused(try train(sandbox, [], ranks: 2), saying: "900")
            }
        }

        @Test("A mistake in the arguments is said once, however many ranks find it")
        func argumentsOnThreeRanks() throws {
            try Sandbox.with { sandbox in
                expectRefused(try sandbox.attempt("predict", "-i", "images", ranks: 3), saying: "-o")
                let help = try sandbox.attempt("predict", "--help", ranks: 3)
                #expect(help.status == 0 && help.output.components(separatedBy: "USAGE:").count == 2, "\(help)")
            }
        }

        @Test("Every command corrects a scheme's name and takes _ for -", arguments: ["train", "schedule", "predict"])
        func schemeNames(command: String) throws {
            try Sandbox.with { sandbox in
                let others: [String] =
                    switch command {
                    case "train": ["900", "3d_fullres", "0"]
                    case "schedule": ["-d", "900"]
                    default: ["-i", sandbox.folder, "-o", sandbox.folder + "/out", "-d", "900", "-c", "3d_fullres"]
                    }
                func outcome(_ scheme: String) throws -> Program.Outcome {
                    try sandbox.start([command] + others + ["-tr", scheme]).outcome()
                }
                expectRefused(
                    try outcome("pgps_perfomance"), saying: "pgps_perfomance", "the nearest is pgps-performance")
                let accepted = try outcome("pgps_performance")
                expectRefused(accepted, saying: "900")
                #expect(!accepted.errors.contains("nearest"), "\(accepted)")
            }
        }

        @Test("Results below a regular file are refused") func resultsBelowAFile() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 2)
                let file = sandbox.folder + "/file"
                try FileAccess.replace(file, with: "content")
                expectRefused(try train(sandbox, [], results: file + "/below"), saying: file, "Not a directory")
                #expect(try FileAccess.read(file) == Array("content".utf8))
                expectRefused(
                    try sandbox.attempt("phantom", file + "/below", "--cases", "1", "--seed", "1"),
                    saying: file, "Not a directory")
                expectRefused(
                    try sandbox.attempt("plan-and-preprocess", "-d", "900", "--preprocessed", file + "/below"),
                    saying: file, "not a folder")
            }
        }

        @Test("A disk that fills ends with a message and leaves nothing half-written") func fullDisk() throws {
            try Sandbox.with { sandbox in
                expectRefused(
                    try sandbox.attempt(
                        "phantom", sandbox.raw, "--cases", "2", "--seed", "1", "--size", "40", "40", "40", fileLimit: 16
                    ),
                    saying: "File too large")
                #expect(Sandbox.files(below: sandbox.raw) == [])

                try sandbox.makePhantom(cases: 5)
                expectRefused(
                    try sandbox.attempt("plan-and-preprocess", "-d", "900", fileLimit: 16), saying: "File too large")
                #expect(sandbox.leftovers() == [])
                try sandbox.prepare()

                // The planned network's checkpoint is larger than this, and whatever MPI writes is smaller.
                expectRefused(try train(sandbox, [], fileLimit: 6000), saying: "checkpoint_latest.h5", "File too large")
                #expect(sandbox.leftovers() == [])
                #expect(!Sandbox.files(below: sandbox.results).contains { $0.hasSuffix(".h5") })
                let outcome = try train(sandbox, [])
                #expect(outcome.status == 0, "\(outcome)")
            }
        }
    }
}
