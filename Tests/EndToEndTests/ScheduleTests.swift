import Documents
import Testing

extension EndToEnd {
    @Suite struct ScheduleTests {
        private func schedule(_ scheme: String, _ more: String...) throws -> JSONValue {
            try Sandbox.with { sandbox in
                let outcome = try sandbox.start(
                    ["schedule", "-tr", scheme, "--patch-size", "40", "56", "40", "--poolings", "3", "3", "3"]
                        + ["--batch-size", "9", "--epochs", "1000", "--json"] + more
                ).outcome()
                return try JSONValue(parsing: outcome.output)
            }
        }

        @Test("The stages of pgps-performance come as JSON") func performance() throws {
            let document = try schedule("pgps-performance")
            let stages = try #require(document["stages"]?.array)
            #expect(document["scheme"]?.string == "pgps-performance" && document["epochs"]?.integer == 1000)
            #expect(document["iterationsPerEpoch"]?.integer == 250 && document["random"]?.bool == false)
            #expect(
                stages.compactMap { $0["batchSize"]?.integer } == [
                    1575, 787, 393, 196, 131, 87, 58, 43, 32, 24, 19, 15, 12, 10, 9,
                ])
            #expect(
                stages.first?["patchSize"]?.integers == [8, 8, 8]
                    && stages.last?["patchSize"]?.integers == [40, 56, 40])
            #expect(stages[1]["firstIteration"]?.integer == 66 * 250 && stages[14]["firstEpoch"]?.integer == 924)
            #expect(stages[14]["epochCount"]?.integer == 76 && stages[14]["iterationCount"]?.integer == 76 * 250)
        }

        @Test(
            "The voxel shares are the published ones",
            arguments: [("cps", 1.0), ("pgps", 0.3505), ("pgps+", 0.3523), ("pgps-efficiency", 0.3306)])
        func voxelShare(scheme: String, share: Double) throws {
            let voxelShare = try #require(try schedule(scheme)["voxelShare"]?.number)
            #expect(abs(voxelShare - share) < 0.00005)
        }

        @Test("rpss is random", arguments: ["--iterations-per-epoch", "--iterations_per_epoch"])
        func random(option: String) throws {
            let document = try schedule("rpss", option, "10")
            #expect(document["random"]?.bool == true && document["iterationsPerEpoch"]?.integer == 10)
        }

        @Test("A schedule follows from the plans of a dataset") func fromPlans() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                let outcome = try sandbox.run(
                    "schedule", "-tr", "pgps-efficiency", "-d", "900", "-c", "3d_fullres", "--epochs", "32", "--json")
                let document = try JSONValue(parsing: outcome.output)
                #expect(document["stages"]?.array?.last?["patchSize"]?.integers == [24, 24, 24])
            }
        }
    }
}
