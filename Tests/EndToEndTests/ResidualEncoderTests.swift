import Documents
import Foundation
import Testing

extension EndToEnd {
    @Suite struct ResidualEncoderTests {
        private static let plans = "nnUNetResEncUNetMPlans"

        /// Plans of the residual planner on a small phantom, with a network of every kind of skip path.
        private func prepare(_ sandbox: Sandbox) throws {
            try sandbox.makePhantom(testCases: 1)
            try sandbox.run(
                "plan-and-preprocess", "-d", "900", "-c", "3d_fullres", "-pl", "nnUNetPlannerResEncM", "-np", "2")
            try sandbox.edit("\(sandbox.preprocessedFolder())/\(Self.plans).json") { plans in
                let configuration = ["configurations", "3d_fullres"]
                let name = plans["configurations"]?["3d_fullres"]?["architecture"]?["network_class_name"]?.string
                #expect(name == "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet")
                let network = configuration + ["architecture", "arch_kwargs"]
                plans.set(configuration + ["batch_size"], .integer(4))
                plans.set(network + ["features_per_stage"], [16, 32, 32])
                plans.set(network + ["n_blocks_per_stage"], [1, 2, 1])
            }
        }

        private static let arguments = [
            "train", "900", "3d_fullres", "0", "-p", plans, "-tr", "pgps-performance", "--epochs", "16",
            "--iterations-per-epoch", "1", "--validation-iterations", "1", "--threads", "1",
        ]

        private func folder(_ results: String) -> String {
            "\(results)/Dataset900_Phantom/pgps-performance__\(Self.plans)__3d_fullres/fold_0"
        }

        @Test(
            "A residual encoder trains to the same bits on 1 and 2 ranks and after a stop, and predicts",
            arguments: ["fp32", "auto"])
        func trainsAndPredicts(precision: String) throws {
            try Sandbox.with { sandbox in
                try prepare(sandbox)
                let schedule = try sandbox.run(
                    "schedule", "-tr", "pgps-performance", "-d", "900", "-c", "3d_fullres", "-p", Self.plans)
                #expect(schedule.output.contains("4×4×4"), "\(schedule.output)")
                let arguments = Self.arguments + ["--precision", precision]
                let alone = try sandbox.start(arguments).outcome()
                let sum = try #require(alone.weightsSHA256, "\(alone)")
                let onTwo = try sandbox.start(arguments, ranks: 2, results: sandbox.folder + "/two").outcome()
                #expect(onTwo.weightsSHA256 == sum, "\(onTwo)")

                let results = sandbox.folder + "/stopped"
                let job = try sandbox.start(arguments, results: results)
                let record = folder(results) + "/progress.jsonl"
                while job.isRunning, ((try? FileAccess.read(record)) ?? []).count(where: { $0 == 10 }) < 4 {
                    usleep(20_000)
                }
                if let process = job.childProcess { kill(process, SIGTERM) }
                let stopped = try job.outcome()
                #expect(stopped.status == 75, "\(stopped)")
                let continued = try sandbox.start(arguments + ["--c"], ranks: 2, results: results).outcome()
                #expect(continued.weightsSHA256 == sum, "\(continued)")

                try sandbox.run(
                    "predict", "-i", sandbox.rawFolder() + "/imagesTs", "-o", sandbox.folder + "/labels", "-d", "900",
                    "-c", "3d_fullres", "-p", Self.plans, "-tr", "pgps-performance", "-f", "0", "--threads", "1")
                #expect(FileAccess.exists(sandbox.folder + "/labels/phantom_006.nii.gz"))
                #expect(FileAccess.exists(folder(sandbox.results) + "/validation/summary.json"))
            }
        }
    }
}
