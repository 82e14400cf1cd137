import Foundation

/// Stops and kills ranks, and reads whom the job blames.
enum StallTest {
    static func run() -> Bool {
        var isGood = true
        for rankCount in [2, 3, 4] {
            for victim in [0, rankCount - 1] {
                isGood = disturbed(rankCount, victim, SIGSTOP) && isGood
                isGood = disturbed(rankCount, victim, SIGKILL) && isGood
            }
        }
        isGood =
            job("a deadlock", 3, "--wait-forever") { code, text in
                code != 0 && text.contains("all ranks have waited for each other")
                    && text.contains("rank 2 in MPI_Barrier of epoch 3")
            } && isGood
        isGood =
            job("an abort", 3, "--abort") { code, text in
                code == 3 && text.contains("[rank 2/3] case_7 has no voxels\n") && !text.contains("has ended")
            } && isGood
        print(isGood ? "all stalls were named" : "some stalls were not named")
        return isGood
    }

    /// One rank of a computing job gets a signal.
    private static func disturbed(_ rankCount: Int, _ victim: Int, _ signal: Int32) -> Bool {
        Job.withFolder { folder in
            let job = try Job(ranks: rankCount, ["--compute-forever", folder], output: folder + "/output.txt")
            guard let ranks = Job.processes(of: rankCount, in: folder, seconds: 30) else {
                job.end([])
                print("the job did not start\n\(job.text)")
                return false
            }
            usleep(1_200_000)
            kill(ranks[victim], signal)
            let start = Date()
            let code = job.wait(seconds: 30)
            let seconds = Date().timeIntervalSince(start)
            job.end(ranks)
            let text = job.text
            let isNamed =
                signal == SIGSTOP
                ? text.contains("rank \(victim) (process") && text.contains("has made no progress for")
                    && text.contains("iteration")
                // The launcher's own words.
                : text.contains("process rank \(victim) with PID")
            guard let code, code != 0, isNamed else {
                print(
                    "signal \(signal) to rank \(victim) of \(rankCount): code \(code.map(String.init) ?? "none, it hangs") after "
                        + "\(seconds) s, and the output\n\(text)")
                return false
            }
            return true
        }
    }

    private static func job(_ name: String, _ rankCount: Int, _ mode: String, _ isRight: (Int32, String) -> Bool)
        -> Bool
    {
        Job.withFolder { folder in
            let job = try Job(ranks: rankCount, [mode], output: folder + "/output.txt")
            let code = job.wait(seconds: 30)
            job.end([])
            guard let code, isRight(code, job.text) else {
                print("\(name): code \(code.map(String.init) ?? "none, it hangs"), and the output\n\(job.text)")
                return false
            }
            return true
        }
    }
}
