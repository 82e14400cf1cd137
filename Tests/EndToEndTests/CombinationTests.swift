import Documents
import Testing

extension EndToEnd {
    /// What a run may be made of gives the same bits on one rank and on three. (``ReproducibilityTests`` has
    /// pgps-performance with split-crop on one to four.)
    @Suite struct CombinationTests {
        struct Combination: Sendable, CustomTestStringConvertible {
            var scheme: String
            var fold = "0"
            var hasRegions = false
            var more: [String] = []

            var testDescription: String {
                ([scheme, "fold \(fold)"] + (hasRegions ? ["regions"] : []) + more).joined(separator: " ")
            }
        }

        static let combinations = [
            Combination(scheme: "rpss"),
            Combination(scheme: "pgps"),
            Combination(scheme: "pgps+"),
            Combination(scheme: "pgps-efficiency"),
            Combination(scheme: "progressive-resolution"),
            Combination(scheme: "pgps-efficiency", more: ["--batch-construction", "single-crop"]),
            Combination(scheme: "pgps+", more: ["--batch-construction", "multi-crop"]),
            Combination(scheme: "pgps-performance", more: ["--batch-construction", "single-volume"]),
            Combination(scheme: "pgps", fold: "all"),
            Combination(scheme: "pgps+", more: ["--engine", "openblas"]),
            Combination(scheme: "pgps+", hasRegions: true),
        ]

        @Test("Two epochs over all stages give the same weights on 1 and 3 ranks", arguments: combinations)
        func sameBits(combination: Combination) throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                if combination.hasRegions { try sandbox.declareRegions() }
                try sandbox.prepare()
                // At least four micro-batches in every stage: uneven shares on three ranks.
                try sandbox.shrinkPlan(batchSize: 4, patchSize: [16, 16, 16])
                // Nine or ten stages in two epochs: they are counted in iterations.
                let outcomes = try [1, 3].map { (ranks: Int) in
                    try sandbox.start(
                        [
                            "train", "900", "3d_fullres", combination.fold, "-tr", combination.scheme, "--epochs", "2",
                            "--iterations-per-epoch", "6", "--validation-iterations", "1", "--threads", "1",
                        ] + combination.more, ranks: ranks, results: sandbox.folder + "/on\(ranks)"
                    ).outcome()
                }
                let sum = try #require(outcomes[0].weightsSHA256, "\(outcomes[0])")
                #expect(outcomes[1].weightsSHA256 == sum, "\(outcomes[1])")

                let folder = sandbox.runFolder(
                    combination.scheme, fold: combination.fold, in: sandbox.folder + "/on3")
                let patches = try String(decoding: FileAccess.read(folder + "/progress.jsonl"), as: UTF8.self)
                    .split(separator: "\n").map { try JSONValue(parsing: String($0))["patchSize"]?.integers ?? [] }
                #expect(patches.count == 2 && patches[0] != patches[1], "the patches of the epochs are \(patches)")
            }
        }
    }
}
