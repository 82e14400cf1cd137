import Documents
import Testing

extension EndToEnd {
    @Suite struct BenchmarkDataTests {
        @Test("Patches of a dataset are timed in the batches of its stages") func dataset() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                let outcome = try sandbox.run(
                    "benchmark", "data", "-d", "900", "--patch-size", "24", "24", "24", "--patch_size", "12,10,16",
                    "--seconds", "0.01", "--threads", "2", "--json")
                let document = try JSONValue(parsing: outcome.output)
                #expect(document["threads"]?.integer == 2)
                let measurements = try #require(document["measurements"]?.array)
                #expect(
                    measurements.compactMap { $0["batchConstruction"]?.string }
                        == ["split-crop", "single-crop", "split-crop", "single-crop"])
                #expect(
                    measurements.compactMap { $0["patchSize"]?.integers }
                        == [[24, 24, 24], [24, 24, 24], [12, 10, 16], [12, 10, 16]])
                for measurement in measurements {
                    let milliseconds = try #require(measurement["millisecondsPerPatch"]?.number)
                    let patches = try #require(measurement["patchesPerSecondPerCore"]?.number)
                    #expect(milliseconds > 0 && abs(milliseconds * patches - 1000) < 1e-6)
                    for key in ["medianSeconds", "p10Seconds", "p90Seconds"] {
                        #expect(measurement[key]?.number ?? 0 > 0)
                    }
                }
            }
        }

        @Test("Without a dataset the case is synthetic; what cannot be is refused") func synthetic() throws {
            try Sandbox.with { sandbox in
                let outcome = try sandbox.run(
                    "benchmark", "data", "--patch-size", "8", "8", "8", "--seconds", "0.01", "--batch-construction",
                    "single-volume")
                #expect(outcome.output.contains("8×8×8") && outcome.output.contains("single-volume"))
                for wrong in [["--patch-size", "8", "8"], ["--batch-construction", "none"], ["--seconds", "0"]] {
                    #expect(try sandbox.start(["benchmark", "data"] + wrong).outcome().status != 0)
                }
            }
        }
    }
}
