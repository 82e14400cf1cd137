import Documents
import Testing

extension EndToEnd {
    @Suite struct ReproducibilityTests {
        struct Setting: CustomTestStringConvertible, Sendable {
            var batchDice = false
            var hasIgnoreLabel = false
            /// `auto` is bf16 where the CPU has it.
            var precision = "fp32"
            var testDescription: String {
                "\(precision), \(batchDice ? "batch Dice" : "Dice per sample"), \(hasIgnoreLabel ? "an" : "no") ignore label"
            }
        }

        @Test(
            "20 iterations over all stages give the same weights on 1, 2, 3 and 4 ranks",
            arguments: [
                Setting(), Setting(batchDice: true), Setting(hasIgnoreLabel: true),
                Setting(batchDice: true, hasIgnoreLabel: true), Setting(precision: "auto"),
                Setting(batchDice: true, hasIgnoreLabel: true, precision: "auto"),
            ])
        func sameBits(setting: Setting) throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                if setting.hasIgnoreLabel {
                    // The lesions become the voxels that nobody annotated.
                    try sandbox.edit(sandbox.rawFolder() + "/dataset.json") { description in
                        var labels = description["labels"]?.object ?? JSONObject()
                        for (name, value) in labels.members where value == 3 { labels[name] = nil }
                        labels["ignore"] = 3
                        description.set(["labels"], .object(labels))
                    }
                }
                try sandbox.prepare()
                // 24³ voxels and a batch of 20 are three micro-batches: uneven shares on 2 ranks, an idle rank of 4.
                try sandbox.shrinkPlan(batchSize: 20, batchDice: setting.batchDice)
                var sums: [String?] = []
                for ranks in 1...4 {
                    let outcome = try sandbox.run(
                        "train", "900", "3d_fullres", "0", "-tr", "pgps-performance", "--epochs", "2",
                        "--iterations-per-epoch", "10", "--validation-iterations", "1", "--seed", "5", "--threads", "1",
                        "--precision", setting.precision,
                        ranks: ranks, results: sandbox.folder + "/on\(ranks)")
                    sums.append(outcome.weightsSHA256)
                }
                let first = try #require(sums[0])
                #expect(first.count == 64)
                #expect(sums == [first, first, first, first])
            }
        }
    }
}
