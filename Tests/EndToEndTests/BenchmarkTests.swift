import Documents
import Foundation
import Testing

extension EndToEnd {
    /// What the benchmarks print; how fast anything is, no test says.
    @Suite struct BenchmarkTests {
        private func document(_ arguments: [String], ranks: Int? = nil) throws -> JSONValue {
            try Sandbox.with { sandbox in
                let outcome = try sandbox.start(["benchmark"] + arguments + ["--json"], ranks: ranks).outcome()
                guard outcome.status == 0 else { throw Sandbox.UnexpectedOutcome(outcome: outcome) }
                return try JSONValue(parsing: outcome.output)
            }
        }

        private func expectPositive(_ document: JSONValue, _ keys: [String]) {
            for key in keys { #expect((document[key]?.number ?? 0) > 0, "\(key) is \(document[key] ?? .null)") }
        }

        @Test("A step is verified, timed and measured against the machine", arguments: ["fp32", "auto"])
        func step(precision: String) throws {
            let document = try document([
                "step", "--network", "hippo", "--patch-size", "8", "8", "8", "--batch-size", "2", "--iterations", "2",
                "--precision", precision,
            ])
            let keys = [
                "medianSeconds", "p10Seconds", "p90Seconds", "gflop", "gflopPerSecond", "fmaPeakGflopPerSecond",
                "convolutionSeconds", "residentBytes",
            ]
            expectPositive(document, keys + ["memoryGigabytesPerSecond", "stepOverConvolutions"])
            func number(_ key: String) throws -> Double { try #require(document[key]?.number) }
            #expect(document["patchSize"]?.integers == [8, 8, 8] && document["batchSize"]?.integer == 2)
            #expect(try number("p10Seconds") <= number("medianSeconds"))
            #expect(try number("medianSeconds") <= number("p90Seconds"))
            // 1575 patches of 8³ are 1032.369408 GFLOP.
            #expect(abs(try number("gflop") - 1032.369408 * 2 / 1575) < 1e-9)
            let rate = try number("gflop") / number("medianSeconds")
            #expect(abs(try number("gflopPerSecond") / rate - 1) < 1e-9)
            let parts = ["Forward", "BackwardData", "BackwardWeights"].map { "convolution\($0)Seconds" }
            let total = try parts.reduce(0) { try $0 + number($1) }
            #expect(abs(try number("convolutionSeconds") / total - 1) < 1e-9)
            let profile = try #require(document["profileSeconds"]?.object)
            #expect(profile.count == 11 && profile.members.allSatisfy { ($0.value.number ?? -1) >= 0 })
            #expect(document["versions"]?["oneDNN"]?.string != nil)
        }

        @Test("The table of a step names its figures") func table() throws {
            try Sandbox.with { sandbox in
                let outcome = try sandbox.run(
                    "benchmark", "step", "--network", "hippo", "--patch_size", "8,8,8", "--batch_size", "1",
                    "--iterations", "1", "--precision", "fp32", "--threads", "1")
                for words in [
                    "hippo: 1 × 8×8×8", "verified", "peak of the cores", "convolutions alone", "step / convolutions",
                    "resident memory", "convolution backward weights", "norm forward", "optimizer", "oneDNN",
                ] {
                    #expect(outcome.output.contains(words), "the table lacks \"\(words)\"")
                }
            }
        }

        @Test("A step is right without AVX-512 too") func withoutAVX512() throws {
            try Sandbox.with { sandbox in
                var environment = sandbox.environment()
                environment["ONEDNN_MAX_CPU_ISA"] = "AVX2"
                func run(_ arguments: [String]) throws -> Program.Outcome {
                    try Program.Running(
                        [Program.path] + arguments, environment: environment, folder: sandbox.folder + "/said",
                        limit: 240
                    ).outcome()
                }
                let info = try run(["info"])
                #expect(info.status == 0 && info.output.contains("by oneDNN; Winograd's kernels need"), "\(info)")
                // The benchmark compares with the reference engine before it times.
                let step = try run([
                    "benchmark", "step", "--network", "hippo", "--patch-size", "16", "16", "16", "--batch-size", "1",
                    "--iterations", "1", "--precision", "fp32", "--threads", "1",
                ])
                #expect(step.status == 0 && step.output.contains("verified"), "\(step)")
            }
        }

        @Test("Every shape of a step is timed by the engine and by oneDNN") func convolutions() throws {
            let rows = try #require(
                try document([
                    "convolutions", "--network", "hippo", "--patch-size", "16", "16", "16", "--precision", "fp32",
                ]).array)
            // Four levels: the first convolution; one of stride 1 and one of stride 2 per level; the decoder's.
            #expect(rows.count == 14 && rows.first?["inputChannels"]?.integer == 1)
            for row in rows {
                #expect((row["perStep"]?.number ?? 0) >= 1 && (row["gflop"]?.number ?? 0) > 0)
                for side in ["engine", "oneDNN"] {
                    for direction in ["forwardSeconds", "backwardWeightsSeconds"] {
                        #expect((row[side]?[direction]?.number ?? 0) > 0)
                    }
                }
                // The image has no gradient.
                let data = try #require(row["engine"]?["backwardDataSeconds"]?.number)
                #expect((data == 0) == (row["inputChannels"]?.integer == 1))
            }
            try Sandbox.with { sandbox in
                let outcome = try sandbox.run(
                    "benchmark", "convolutions", "--network", "hippo", "--patch-size", "8", "8", "8", "--threads", "1")
                // Links need AVX-512.
                #expect(["links", "taps"].contains { outcome.output.contains("  " + $0) })
                #expect(outcome.output.contains("32→64"))
            }
        }

        @Test("A training is added up from its stages, on one rank or two", arguments: [nil, 2])
        func training(ranks: Int?) throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 4)
                let arguments = [
                    "benchmark", "training", "-d", "900", "-c", "3d_fullres", "-tr", "pgps-efficiency", "cps",
                    "--epochs", "40", "--iterations-per-epoch", "5", "--iterations", "2",
                ]
                let before = try Sandbox.listing(of: sandbox.preprocessedFolder())
                let outcome = try sandbox.start(arguments + ["--json"], ranks: ranks).outcome()
                #expect(outcome.status == 0, "\(outcome)")
                #expect(try Sandbox.listing(of: sandbox.preprocessedFolder()) == before)
                let schemes = try #require(try JSONValue(parsing: outcome.output).array)
                #expect(schemes.compactMap { $0["scheme"]?.string } == ["pgps-efficiency", "cps"])
                for scheme in schemes {
                    let stages = try #require(scheme["stages"]?.array)
                    func number(_ stage: JSONValue, _ key: String) throws -> Double { try #require(stage[key]?.number) }
                    #expect(stages.reduce(0) { $0 + ($1["iterationCount"]?.integer ?? 0) } == 200)
                    let seconds = try stages.reduce(0) {
                        try $0 + number($1, "medianSeconds") * number($1, "iterationCount")
                    }
                    #expect(abs(try number(scheme, "seconds") / seconds - 1) < 1e-9)
                    for stage in stages { #expect(try number(stage, "dataFactor") >= 1) }
                }
                #expect(schemes[0]["stages"]?.array?.count ?? 0 > 3 && schemes[1]["share"]?.number == 1)
                let refused = try sandbox.start(
                    ["benchmark", "training", "-d", "900", "-c", "3d_fullres", "-tr", "rpss"]
                ).outcome()
                #expect(refused.status != 0 && refused.errors.contains("no stages to time"))
                let unturned = try sandbox.start(arguments + ["--rounds", "0"]).outcome()
                #expect(unturned.status != 0 && unturned.errors.contains("--rounds is 0; it must be at least 1"))
            }
        }

        @Test("The sum over two ranks is checked and timed; one rank has nothing to add") func allReduce() throws {
            let document = try document(["allreduce", "--elements", "100000", "--iterations", "5"], ranks: 2)
            expectPositive(
                document,
                [
                    "medianSeconds", "p10Seconds", "p90Seconds", "gigabytesPerSecond", "libraryMedianSeconds",
                    "libraryGigabytesPerSecond", "residentBytes",
                ])
            #expect(document["ranks"]?.integer == 2 && document["bytes"]?.integer == 400_000)
            try Sandbox.with { sandbox in
                let alone = try sandbox.attempt("benchmark", "allreduce")
                #expect(alone.status == 1 && alone.errors.contains("mpirun -n 2 pgps benchmark allreduce"))
            }
        }

        @Test("A sliding window is verified and timed") func predict() throws {
            let document = try document([
                "predict", "--network", "hippo", "--patch-size", "16", "16", "16", "--image-size", "20", "16", "30",
                "--iterations", "1",
            ])
            expectPositive(document, ["medianSeconds", "voxelsPerSecond", "patchSeconds", "residentBytes"])
            #expect(document["patches"]?.integer == 2 * 1 * 3 * 8 && document["passes"]?.integer == 8)
        }

        @Test("launch/compare-peer takes the peer's best setting, and says what it needs") func comparePeer() throws {
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../launch/compare-peer").standardizedFileURL.path
            try Sandbox.with { sandbox in
                func compare(_ peer: String) throws -> Program.Outcome {
                    var environment = sandbox.environment()
                    environment["PEER"] = peer
                    let size = ["--patch-size", "8", "8", "8", "--batch-size", "1", "--iterations", "1"]
                    return try Program.Running(
                        [script, "hippo", "--precision", "fp32", "--threads", "1"] + size, environment: environment,
                        folder: sandbox.folder + "/said", limit: 240
                    ).outcome()
                }
                let alone = try compare(sandbox.folder + "/nothing")
                #expect(alone.status == 1 && alone.errors.contains("pip install"))

                // A stand-in for the peer: channels last takes 1000 s, its own layout 2000 s.
                let python = sandbox.folder + "/bin/python"
                try FileAccess.makeFolder(sandbox.folder + "/bin")
                try FileAccess.replace(
                    python,
                    with: """
                        #!/bin/sh
                        case "$*" in *fp32cl*) seconds=1000.5 ;; *) seconds=2000.5 ;; esac
                        printf '{\\n  "medianSeconds": %s,\\n  "gflopPerSecond": 2.5,\\n' "$seconds"
                        printf '  "residentBytes": 3000000000\\n}\\n'
                        """)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
                let outcome = try compare(sandbox.folder)
                #expect(outcome.status == 0, "\(outcome)")
                let row = try #require(outcome.lines.last)
                #expect(row.hasPrefix("| hippo | fp32 | fp32cl | 1000.500 | 3.00 | "), "\(outcome)")
                #expect(row.split(separator: "|").count == 10)
            }
        }

        @Test("A patch that the network cannot process is refused") func patch() throws {
            try Sandbox.with { sandbox in
                let outcome = try sandbox.attempt(
                    "benchmark", "step", "--network", "mid", "--patch-size", "8", "16", "16")
                #expect(outcome.status == 1 && outcome.output.isEmpty)
                #expect(outcome.errors.contains("--patch-size 8 16 16: the network mid needs three numbers"))
            }
        }
    }
}
