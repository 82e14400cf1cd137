import Documents
import Testing

extension EndToEnd {
    @Suite struct FoldTests {
        private func train(_ sandbox: Sandbox, _ folds: [String], ranks: Int, results: String) throws -> Program.Outcome
        {
            let outcome = try sandbox.start(
                ["train", "900", "3d_fullres"] + folds
                    + ["-tr", "pgps", "--epochs", "4", "--iterations-per-epoch", "4", "--validation-iterations", "1"]
                    + ["--threads", "1"], ranks: ranks, results: results
            ).outcome()
            #expect(outcome.status == 0, "\(outcome)")
            return outcome
        }

        @Test("Folds of one job get the bits of folds alone, side by side and in turns") func folds() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 4)
                let alone = try (0...1).map { fold in
                    try #require(
                        try train(sandbox, ["\(fold)"], ranks: 1, results: sandbox.folder + "/alone").weightsSHA256)
                }
                #expect(alone[0] != alone[1])
                for (folds, ranks) in [(["0,1"], 1), (["0", "1"], 2), (["0,1"], 3)] {
                    let results = sandbox.folder + "/\(ranks)"
                    let outcome = try train(sandbox, folds, ranks: ranks, results: results)
                    #expect(
                        outcome.lines.suffix(2) == [
                            "fold 0 weightsSHA256: \(alone[0])", "fold 1 weightsSHA256: \(alone[1])",
                        ])
                    let model = "\(results)/Dataset900_Phantom/pgps__nnUNetPlans__3d_fullres"
                    for name in ["fold_0/progress.jsonl", "fold_1/validation/summary.json"] {
                        #expect(FileAccess.exists(model + "/" + name), "\(name)")
                    }
                    let scores = try JSONValue(contentsOf: model + "/crossval_results_folds_0_1/summary.json")
                    #expect(scores["metric_per_case"]?.array?.count == 3)
                }
            }
        }

        @Test("all-folds are the folds of the splits") func allFolds() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 2)
                let outcome = try train(sandbox, ["all-folds"], ranks: 2, results: sandbox.results)
                #expect(outcome.weightsSHA256s.count == 5)
                let model = "\(sandbox.results)/Dataset900_Phantom/pgps__nnUNetPlans__3d_fullres"
                let scores = try JSONValue(contentsOf: model + "/crossval_results_folds_0_1_2_3_4/summary.json")
                #expect(scores["metric_per_case"]?.array?.count == 6)
            }
        }
    }
}
