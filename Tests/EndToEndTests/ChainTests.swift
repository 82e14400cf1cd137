import Documents
import Foundation
import Testing
import Volumes

extension EndToEnd {
    @Suite struct ChainTests {
        @Test("From raw images to a scored model: every command, every document") func wholeChain() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(testCases: 2)
                let report = try sandbox.run(
                    "plan_and_preprocess", "-d", "900", "-c", "3d_fullres", "-np", "2", "--verify_dataset_integrity")
                #expect(report.output.contains("6 cases"))
                for name in ["nnUNetPlans.json", "dataset_fingerprint.json", "splits_final.json", "dataset.json"] {
                    #expect(FileAccess.exists(sandbox.preprocessedFolder() + "/" + name))
                }
                try sandbox.shrinkPlan(batchSize: 2)

                let config = sandbox.folder + "/config.yaml"
                try FileAccess.replace(
                    config,
                    with: """
                        dataset: 900
                        fold: 0
                        scheme: pgps-efficiency
                        epochs: 9
                        iterations-per-epoch: 4
                        validation-iterations: 1
                        threads: 1
                        """)
                let training = try sandbox.run("train", "--config", config, "--epochs", "8", ranks: 2)
                let sum = try #require(training.weightsSHA256)
                #expect(training.lines.last == "weightsSHA256: \(sum)" && sum.count == 64)
                let folder = sandbox.runFolder("pgps-efficiency")
                try expectRunFolder(folder)

                let shown = try JSONValue(
                    parsing: sandbox.run("checkpoint", "show", folder + "/checkpoint_final.h5", "--json").output)
                #expect(shown["weightsSHA256"]?.string == sum && shown["scheme"]?.string == "pgps-efficiency")
                #expect(shown["iteration"]?.integer == 32 && shown["threads"]?.integer == 1)
                #expect(shown["plansName"]?.string == "nnUNetPlans" && shown["seed"]?.integer == 1)

                try predictAndScore(sandbox)

                // The resolved configuration does the same again.
                let again = try sandbox.run(
                    "train", "--config", folder + "/run.yaml", results: sandbox.folder + "/again")
                #expect(again.weightsSHA256 == sum)
                #expect(sandbox.leftovers() == [])
            }
        }

        private func expectRunFolder(_ folder: String) throws {
            for name in [
                "run.yaml", "progress.jsonl", "checkpoint_final.h5", "checkpoint_best.h5", "validation/summary.json",
            ] {
                #expect(FileAccess.exists(folder + "/" + name), "\(name)")
            }
            let epochs = try String(decoding: FileAccess.read(folder + "/progress.jsonl"), as: UTF8.self)
                .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            #expect(epochs.count == 8)
            let keys = [
                "epoch", "stage", "patchSize", "batchSize", "learningRate", "trainLoss", "validationLoss", "pseudoDice",
                "emaPseudoDice", "voxelsShown", "foregroundShare", "classesPerIteration", "seconds", "dataWaitSeconds",
            ]
            for epoch in epochs { #expect(epoch.object?.keys == keys) }
            let logs = try FileAccess.list(folder).filter { $0.hasPrefix("training_log") }
            let log = try String(decoding: FileAccess.read(folder + "/" + #require(logs.first)), as: UTF8.self)
            for start in [
                "Epoch 7", "Current learning rate: ", "train_loss ", "val_loss ", "Pseudo dice ", "Epoch time: ",
            ] {
                #expect(log.contains(start), "the log lacks \"\(start)\"")
            }
        }

        /// Two ranks and one predict the same, float32 nearly the same as bfloat16, and the score is written.
        private func predictAndScore(_ sandbox: Sandbox) throws {
            func predict(_ name: String, ranks: Int?, precision: String = "auto") throws -> [[UInt8]] {
                let output = sandbox.folder + "/" + name
                try sandbox.run(
                    "predict", "-i", sandbox.rawFolder() + "/imagesTs", "-o", output, "-d", "900", "-c", "3d_fullres",
                    "-f", "0", "-tr", "pgps-efficiency", "-step_size", "0.5", "--threads", "1", "--precision",
                    precision,
                    ranks: ranks)
                return try ["phantom_006.nii.gz", "phantom_007.nii.gz"].map { try FileAccess.read(output + "/" + $0) }
            }
            let alone = try predict("one", ranks: nil)
            #expect(try predict("two", ranks: 2) == alone)
            _ = try predict("exact", ranks: nil, precision: "fp32")
            let arguments = try JSONValue(contentsOf: sandbox.folder + "/exact/predict_from_raw_data_args.json")
            #expect(arguments["precision"] == "fp32")
            let labels = try ["exact", "one"].map { name in
                try NIfTI.readLabels("\(sandbox.folder)/\(name)/phantom_006.nii.gz").labels.scalars
            }
            let equalCount = zip(labels[0], labels[1]).count { $0 == $1 }
            #expect(Double(equalCount) > 0.97 * Double(labels[0].count))
            let scores = try sandbox.run(
                "evaluate", sandbox.rawFolder() + "/labelsTs", sandbox.folder + "/two", "-djfile",
                sandbox.rawFolder() + "/dataset.json", "-o", sandbox.folder + "/summary.json")
            #expect(scores.output.contains("Dice"))
            let summary = try JSONValue(contentsOf: sandbox.folder + "/summary.json")
            #expect(summary["metric_per_case"]?.array?.count == 2)
            #expect(summary["foreground_mean"]?["Dice"]?.number != nil)
        }
    }
}
