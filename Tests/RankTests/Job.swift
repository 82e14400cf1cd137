import Foundation

/// A job of this same program under `mpirun`, started by a test.
final class Job {
    private let process = Process()
    private let output: String

    /// Starts `mpirun -n ranks rank-tests arguments…`; its output goes to a file.
    init(ranks: Int, _ arguments: [String], output: String) throws {
        self.output = output
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "\(ranks)", CommandLine.arguments[0]] + arguments
        var environment = ProcessInfo.processInfo.environment
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
        process.environment = environment
        let handle = FileHandle(forWritingAtPath: output)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
    }

    /// The launcher's process number.
    var launcher: pid_t { process.processIdentifier }

    var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// The exit code; nil when the job has not ended after `seconds`.
    func wait(seconds: Double) -> Int32? {
        let end = Date().addingTimeInterval(seconds)
        while process.isRunning {
            if Date() > end { return nil }
            usleep(10_000)
        }
        return process.terminationStatus
    }

    /// Ends what is left of the job.
    func end(_ ranks: [pid_t]) {
        if process.isRunning { kill(launcher, SIGTERM) }
        if wait(seconds: 5) == nil { kill(launcher, SIGKILL) }
        for rank in ranks where kill(rank, 0) == 0 { kill(rank, SIGKILL) }
        process.waitUntilExit()
    }

    /// Waits until the ranks have introduced themselves in `folder`.
    static func processes(of ranks: Int, in folder: String, seconds: Double) -> [pid_t]? {
        let end = Date().addingTimeInterval(seconds)
        while !FileManager.default.fileExists(atPath: folder + "/ready") {
            if Date() > end { return nil }
            usleep(2_000)
        }
        let numbers = (0..<ranks).compactMap { rank in
            (try? String(contentsOfFile: "\(folder)/rank_\(rank).pid", encoding: .utf8)).flatMap { pid_t($0) }
        }
        return numbers.count == ranks ? numbers : nil
    }

    static func withFolder(_ body: (String) throws -> Bool) -> Bool {
        let folder = NSTemporaryDirectory() + "/pgps-rank-tests-\(getpid())"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            return try body(folder)
        } catch {
            print("failed: \(error)")
            return false
        }
    }
}
