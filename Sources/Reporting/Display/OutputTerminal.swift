import Foundation

/// The terminal on which a person sees this process's standard output.
public struct OutputTerminal: Sendable, Equatable {
    /// Path of its device; empty when it is standard output itself.
    let path: String

    /// The terminal, or nil where output goes to a file, a pipe or a job log.
    ///
    /// Open MPI gives every rank a pseudo terminal for standard output, also when the output of `mpirun` itself goes to
    /// a file. A rank therefore looks at the standard output of the process that started it: where that is not
    /// `mpirun` on a terminal of this machine, for example a daemon on another node, there is no terminal.
    public static func find(environment: [String: String] = ProcessInfo.processInfo.environment) -> OutputTerminal? {
        guard environment["OMPI_COMM_WORLD_SIZE"] != nil else {
            return isatty(STDOUT_FILENO) == 1 ? .init(path: "") : nil
        }
        guard isatty(STDOUT_FILENO) == 1,
            let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(getppid())/fd/1"),
            path.hasPrefix("/dev/")
        else { return nil }
        let terminal = OutputTerminal(path: path)
        return terminal.withDescriptor { isatty($0) == 1 } == true ? terminal : nil
    }

    /// Characters per line now; 80 where the terminal does not say.
    public var columnCount: Int {
        let columns = withDescriptor { descriptor in
            var size = winsize()
            return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
        }
        return columns.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    private func withDescriptor<Result>(_ body: (Int32) -> Result) -> Result? {
        if path.isEmpty { return body(STDOUT_FILENO) }
        let descriptor = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return body(descriptor)
    }
}
