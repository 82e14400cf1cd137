import Foundation

/// The built `pgps`, run as a process of its own.
struct Program: Sendable {
    /// The folder of the test executable, which the build shares with the program.
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .path
    static let path = folder + "/pgps"

    /// How a process ended, and what it said.
    struct Outcome: CustomStringConvertible {
        let command: String
        let status: Int32
        /// A signal ended it.
        let wasKilled: Bool
        let output: String
        let errors: String

        /// The time limit ended it (the status of `timeout`).
        var wasTooSlow: Bool { status == 124 || status == 137 }
        var lines: [String] { output.split(separator: "\n").map(String.init) }
        /// What stands behind `weightsSHA256: ` in the last line.
        var weightsSHA256: String? { weightsSHA256s.last }
        /// The same for all lines at the end that have it, without their beginnings.
        var weightsSHA256s: [String] {
            lines.compactMap { line in
                guard let range = line.range(of: "weightsSHA256: ") else { return nil }
                return String(line[range.upperBound...])
            }
        }

        var description: String {
            "\(command)\n[\(wasKilled ? "signal" : "exit") \(status)]\n\(output.suffix(1500))\n\(errors.suffix(3000))"
        }
    }

    /// A process that runs.
    final class Running {
        let process = Process()
        private let command: String
        private let outputPath: String
        private let errorsPath: String

        /// - Parameters:
        ///   - words: the command with its path.
        ///   - limit: seconds after which `timeout` ends the command and what it started.
        init(_ words: [String], environment: [String: String], folder: String, limit: Int) throws {
            command = words.joined(separator: " ")
            let name = folder + "/" + UUID().uuidString
            outputPath = name + ".out"
            errorsPath = name + ".err"
            for path in [outputPath, errorsPath] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["timeout", "-k", "10", String(limit)] + words
            process.environment = environment
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorsPath))
            // The threads that run tests block signals, and a process would inherit that.
            var none = sigset_t()
            var mask = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, &mask)
            defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
            try process.run()
        }

        var isRunning: Bool { process.isRunning }

        /// The command itself, which `timeout` started.
        var childProcess: pid_t? {
            let pid = process.processIdentifier
            let file = FileHandle(forReadingAtPath: "/proc/\(pid)/task/\(pid)/children")
            guard let bytes = try? file?.readToEnd() else { return nil }
            return String(decoding: bytes, as: UTF8.self).split(separator: " ").first.flatMap { pid_t($0) }
        }

        /// Waits for the end.
        func outcome() throws -> Outcome {
            process.waitUntilExit()
            return Outcome(
                command: command, status: process.terminationStatus,
                wasKilled: process.terminationReason == .uncaughtSignal,
                output: try String(contentsOfFile: outputPath, encoding: .utf8),
                errors: try String(contentsOfFile: errorsPath, encoding: .utf8))
        }
    }
}
