import Documents
import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The scripts in `launch`, which belong to the build that lies beside the project's sources.
    @Suite struct LaunchTests {
        private static let launch = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().appendingPathComponent("../../launch").standardizedFileURL.path

        private func run(
            _ words: [String], _ changes: [String: String?] = [:], in folder: String
        ) throws -> Program.Outcome {
            var environment = ProcessInfo.processInfo.environment
            for name in environment.keys where name.hasPrefix("SLURM_") || name == "NP" { environment[name] = nil }
            environment["OMP_NUM_THREADS"] = nil
            environment["DRY_RUN"] = "1"
            for (name, value) in changes { environment[name] = value }
            return try Program.Running(words, environment: environment, folder: folder, limit: 60).outcome()
        }

        @Test("launch/train prints the command that it would run") func dryRun() throws {
            try TestFiles.withTemporaryFolder { folder in
                func line(_ changes: [String: String?], _ more: String...) throws -> String {
                    let outcome = try run(
                        [Self.launch + "/train", "4", "3d_fullres", "0", "-tr", "cps"] + more, changes, in: folder)
                    #expect(outcome.status == 0, "\(outcome)")
                    return outcome.lines.last ?? ""
                }
                let plain = try line(["NP": "1", "OMP_NUM_THREADS": "3"])
                #expect(plain.hasPrefix("+ ") && plain.contains("OMP_NUM_THREADS=3 ") && plain.contains("mpirun -n 1 "))
                #expect(plain.contains("pgps train 4 3d_fullres 0 -tr cps") && !plain.contains("--oversubscribe"))
                #expect(try line(["NP": "4096"], "--threads", "1").contains("--oversubscribe"))
                #expect(try line(["NP": "2"], "--threads", "5").contains("OMP_NUM_THREADS=5 "))
                let slurm = [
                    "SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_JOB_NUM_NODES": "2", "SLURM_CPUS_PER_TASK": "6",
                ]
                let job = try line(slurm)
                #expect(
                    job.contains("mpirun -n 8 ") && job.contains("-x OMP_NUM_THREADS") && !job.contains("oversubscribe")
                )
                #expect(job.contains("OMP_NUM_THREADS=6 "))
                let step = try line(slurm.merging(["PGPS_LAUNCHER": "srun"]) { $1 })
                #expect(step.contains("srun --mpi=pmix --ntasks=8 --cpus-per-task=6 --cpu-bind=cores"))
            }
        }

        @Test("launch/train refuses numbers that are none", arguments: ["0", "two", "-1"]) func wrongCount(text: String)
            throws
        {
            try TestFiles.withTemporaryFolder { folder in
                let outcome = try run(
                    [Self.launch + "/train", "4", "3d_fullres", "0", "-tr", "cps"], ["NP": text], in: folder)
                #expect(outcome.status == 1 && outcome.errors.contains("NP is \"\(text)\""), "\(outcome)")
            }
        }

        @Test("Every script explains itself", arguments: ["setup", "build", "train", "quickstart", "test", "slurm"])
        func help(name: String) throws {
            try TestFiles.withTemporaryFolder { folder in
                let outcome = try run([Self.launch + "/" + name, "-h"], in: folder)
                #expect(outcome.status == 0 && outcome.output.contains("launch/\(name)"), "\(outcome)")
            }
        }

        /// What Slurm would give: the number of the job, and `scontrol`, which notes in `calls` what it is asked.
        private func slurmEnvironment(_ own: [String: String], in folder: String) throws -> [String: String] {
            try writeScript(folder + "/tools/scontrol", "echo \"$@\" >>\(folder)/calls")
            var environment = own.filter { name, _ in !name.hasPrefix("SLURM_") && name != "NP" }
            environment["PATH"] = folder + "/tools:" + (environment["PATH"] ?? "")
            environment["SLURM_JOB_ID"] = "7"
            return environment
        }

        private func writeScript(_ path: String, _ lines: String) throws {
            try FileAccess.makeFolder((path as NSString).deletingLastPathComponent)
            try FileAccess.replace(path, with: "#!/bin/bash\n\(lines)\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }

        @Test("launch/slurm saves when the time is nearly up, queues itself again and goes on to the same bits")
        func slurm() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom()
                try sandbox.prepare()
                try sandbox.shrinkPlan(batchSize: 20)
                let training = [
                    "900", "3d_fullres", "0", "-tr", "pgps-performance", "--epochs", "24", "--iterations-per-epoch",
                    "1",
                    "--validation-iterations", "1", "--threads", "1",
                ]
                let undisturbed = try sandbox.start(["train"] + training).outcome()
                let sum = try #require(undisturbed.weightsSHA256, "\(undisturbed)")

                let results = sandbox.folder + "/slurm"
                var environment = try slurmEnvironment(sandbox.environment(results: results), in: sandbox.folder)
                environment["SLURM_NTASKS"] = "2"
                func start() throws -> Program.Running {
                    try Program.Running(
                        [Self.launch + "/slurm"] + training, environment: environment, folder: sandbox.folder + "/said",
                        limit: 120)
                }
                let job = try start()
                let progress = sandbox.runFolder("pgps-performance", in: results) + "/progress.jsonl"
                while job.isRunning, ((try? FileAccess.read(progress)) ?? []).count(where: { $0 == 10 }) < 4 {
                    usleep(20_000)
                }
                // As Slurm does with --signal=B:USR2: to the script alone.
                kill(try #require(job.childProcess), SIGUSR2)
                let stopped = try job.outcome()
                #expect(stopped.status == 75, "\(stopped)")
                #expect(try FileAccess.read(sandbox.folder + "/calls") == Array("requeue 7\n".utf8))

                environment["SLURM_RESTART_COUNT"] = "1"
                environment["SLURM_NTASKS"] = "1"
                let continued = try start().outcome()
                #expect(continued.status == 0 && continued.weightsSHA256 == sum, "\(continued)")
            }
        }

        @Test("launch/slurm knows how a job ended that is gone as soon as it was told to stop", arguments: [0, 75])
        func slurmStatus(code: Int) throws {
            try TestFiles.withTemporaryFolder { folder in
                let ready = folder + "/ready"
                try writeScript(
                    folder + "/launch/train", "trap 'exit \(code)' USR2; touch \(ready); while :; do sleep 0.02; done")
                var environment = try slurmEnvironment(ProcessInfo.processInfo.environment, in: folder)
                environment["SLURM_SUBMIT_DIR"] = folder
                // The signal is passed on, and the trap ends only when the job is gone.
                environment["BASH_FUNC_kill%%"] = """
                    () {
                        builtin kill "$@" || return
                        [ "$1" != -0 ] || return 0
                        while builtin kill -0 "$2" 2>/dev/null; do sleep 0.02; done
                    }
                    """
                let job = try Program.Running(
                    [Self.launch + "/slurm", "4", "3d_fullres", "0"], environment: environment, folder: folder,
                    limit: 60)
                while job.isRunning, !FileAccess.exists(ready) { usleep(10_000) }
                kill(try #require(job.childProcess), SIGUSR2)
                let outcome = try job.outcome()
                #expect(outcome.status == Int32(code), "\(outcome)")
                #expect(FileAccess.exists(folder + "/calls") == (code == 75))  // Queued again.
            }
        }
    }
}
