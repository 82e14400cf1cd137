import Foundation

/// Kills jobs that save checkpoints, at random moments, and reads what they leave.
///
/// A rank, all ranks at once, or the launcher is killed with SIGKILL; every job continues the folder of the one before.
/// The newest whole checkpoint must hold the weights of its iteration, and be newer than what the killed job had found.
enum KillTest {
    static func run(killCount: Int) -> Bool {
        Job.withFolder { folder in
            var random = SystemRandomNumberGenerator()
            var iteration = 0
            var leftTemporary = 0
            for kill in 0..<killCount {
                try? FileManager.default.removeItem(atPath: folder + "/ready")
                let rankCount = 1 + kill % 4
                let latest = fileNumber(folder)
                let job = try Job(ranks: rankCount, ["--save-forever", folder], output: folder + "/output.txt")
                guard let ranks = Job.processes(of: rankCount, in: folder, seconds: 30) else {
                    job.end([])
                    print("kill \(kill): the job did not start\n\(job.text)")
                    return false
                }
                // After its first checkpoint, at a random moment of the next ones.
                guard waitForAnother(than: latest, in: folder) else {
                    job.end(ranks)
                    print("kill \(kill): the job saved nothing\n\(job.text)")
                    return false
                }
                usleep(UInt32.random(in: 0..<300_000, using: &random))
                let victims = [[ranks[Int.random(in: 0..<rankCount, using: &random)]], ranks, [job.launcher]][kill % 3]
                for victim in victims { Glibc.kill(victim, SIGKILL) }
                let code = job.wait(seconds: 30)
                job.end(ranks)
                guard let code, code != 0 else {
                    print(
                        "kill \(kill): the job did not end with an error (\(code.map(String.init) ?? "it hangs"))\n\(job.text)"
                    )
                    return false
                }
                let left = try FileManager.default.contentsOfDirectory(atPath: folder)
                if left.contains(where: { $0.hasSuffix(".tmp") }) { leftTemporary += 1 }
                let newest = try newest(folder)
                guard let found = Int(newest), found > iteration else {
                    print("kill \(kill): after iteration \(iteration) the newest checkpoint is: \(newest)")
                    return false
                }
                iteration = found
            }
            print(
                "\(killCount) kills survived, \(iteration) checkpoints saved, \(leftTemporary) kills fell into a save")
            return true
        }
    }

    /// The number of the file (inode) that is the latest checkpoint; nil when there is none.
    private static func fileNumber(_ folder: String) -> UInt? {
        var information = stat()
        return stat(folder + "/checkpoint_latest.h5", &information) == 0 ? UInt(information.st_ino) : nil
    }

    private static func waitForAnother(than old: UInt?, in folder: String) -> Bool {
        let end = Date().addingTimeInterval(30)
        while fileNumber(folder) == old {
            if Date() > end { return false }
            usleep(1_000)
        }
        return true
    }

    /// A process of its own: nothing of this one can help it.
    private static func newest(_ folder: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["--newest", folder]
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
