import Documents
import Foundation
import Testing

extension EndToEnd {
    @Suite struct ContinuationTests {
        private static let arguments = [
            "train", "900", "3d_fullres", "0", "-tr", "pgps-performance", "--epochs", "24", "--iterations-per-epoch",
            "1",
            "--validation-iterations", "1", "--threads", "1",
        ]

        /// Pids of the ranks that write below a folder.
        private func ranks(writingTo results: String) -> [pid_t] {
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return entries.compactMap(pid_t.init).filter { pid in
                // Files of /proc have no size: read to the end.
                let file = FileHandle(forReadingAtPath: "/proc/\(pid)/cmdline")
                guard let line = try? file?.readToEnd() else { return false }
                let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
                return words.first == Program.path && words.contains(results)
            }
        }

        private func epochCount(_ folder: String) -> Int {
            let bytes = (try? FileAccess.read(folder + "/progress.jsonl")) ?? []
            return bytes.count { $0 == 10 }
        }

        /// Starts a run, kills ranks of it when it has finished so many epochs, and waits for the end of the job.
        private func runAndKill(
            _ sandbox: Sandbox, results: String, more: [String], ranks: Int, afterEpochs count: Int, everyRank: Bool
        ) throws {
            let folder = sandbox.runFolder("pgps-performance", in: results)
            let before = epochCount(folder)
            let job = try sandbox.start(
                Self.arguments + ["--save-every", "1s", "--results", results] + more, ranks: ranks)
            while job.isRunning, epochCount(folder) < before + count { usleep(20_000) }
            let victims = self.ranks(writingTo: results)
            #expect(victims.count == ranks)
            for victim in everyRank ? victims : Array(victims.suffix(1)) { kill(victim, SIGKILL) }
            let outcome = try job.outcome()
            #expect(outcome.status != 0, "the run ended before it was killed:\n\(outcome)")
        }

        @Test(
            "A run that was killed twice and continued on other ranks ends with the bits of a run left alone",
            arguments: ["fp32", "auto"])
        func killed(precision: String) throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 20)
                let arguments = Self.arguments + ["--precision", precision]
                let undisturbed = try sandbox.start(arguments, ranks: 2).outcome()
                let sum = try #require(undisturbed.weightsSHA256, "\(undisturbed)")

                let results = sandbox.folder + "/killed"
                try runAndKill(
                    sandbox, results: results, more: ["--precision", precision], ranks: 2, afterEpochs: 4,
                    everyRank: false)
                try runAndKill(sandbox, results: results, more: ["--c"], ranks: 3, afterEpochs: 6, everyRank: true)
                // The precision comes from run.yaml.
                let continued = try sandbox.start(Self.arguments + ["--results", results, "--c"]).outcome()
                #expect(continued.status == 0, "\(continued)")
                #expect(continued.weightsSHA256 == sum)
                // Every epoch stands in the record once.
                #expect(epochCount(sandbox.runFolder("pgps-performance", in: results)) == 24)
            }
        }

        @Test("SIGTERM saves and ends the run with status 75, and it continues") func stopped() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 20)
                let sum = try #require(try sandbox.start(Self.arguments).outcome().weightsSHA256)
                let results = sandbox.folder + "/stopped"
                let job = try sandbox.start(Self.arguments + ["--results", results])
                let folder = sandbox.runFolder("pgps-performance", in: results)
                while job.isRunning, epochCount(folder) < 6 { usleep(20_000) }
                let victims = ranks(writingTo: results)
                for victim in victims { kill(victim, SIGTERM) }
                let outcome = try job.outcome()
                #expect(outcome.status == 75, "\(outcome)")
                let continued = try sandbox.start(Self.arguments + ["--results", results, "--c"], ranks: 2).outcome()
                #expect(continued.weightsSHA256 == sum, "\(continued)")
            }
        }

        @Test("A refused start or continuation leaves everything as it was")
        func otherRun() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 2)
                func train(_ folds: String, _ more: String..., ranks: Int? = nil) throws -> Program.Outcome {
                    let arguments = ["train", "900", "3d_fullres", folds] + Sandbox.oneIteration + more
                    return try sandbox.start(arguments, ranks: ranks).outcome()
                }
                for (fold, seed) in [("0", "1"), ("1", "2")] {
                    let first = try train(fold, "--seed", seed)
                    #expect(first.status == 0, "\(first)")
                }
                let kept = try Sandbox.listing(of: sandbox.results)
                func expectUnchanged(sourceLocation: SourceLocation = #_sourceLocation) throws {
                    #expect(try Sandbox.listing(of: sandbox.results) == kept, sourceLocation: sourceLocation)
                }

                expectRefused(try train("0"), saying: "already", "--c", "--overwrite")
                try expectUnchanged()
                expectRefused(try train("2,1"), saying: "fold_1 already", "--c", "--overwrite")
                try expectUnchanged()
                expectRefused(try train("0", "--c", "--seed", "2", ranks: 2), saying: "checkpoint", "seed")
                try expectUnchanged()
                expectRefused(try train("2", "--c"), saying: "no run to continue", "fold_2")
                try expectUnchanged()
                // Fold 0 could go on, fold 1 could not; none does.
                expectRefused(try train("0,1", "--c", ranks: 2), saying: "fold_1", "seed: 2 in the checkpoint")
                try expectUnchanged()
                try sandbox.shrinkPlan(batchSize: 3)
                expectRefused(try train("0", "--c"), saying: "checkpoint", "plan")
                expectRefused(try train("0", "--val"), saying: "checkpoint", "plan")
                try expectUnchanged()
            }
        }
    }
}
