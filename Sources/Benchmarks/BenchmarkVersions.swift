import Cluster
import Documents
import Foundation
import Kernels
import Threads

/// What a measurement was made with: CPU, kernel of the system, libraries.
public enum BenchmarkVersions {
    public static var rows: [(String, String)] {
        [
            ("CPU", cpuName + ", " + LibraryEnvironment.cpuFeatures.joined(separator: ", ")),
            ("oneDNN", "\(OneDNN.version), \(OneDNN.instructionSet)"), ("OpenBLAS", OpenBLAS.coreName),
            ("MPI", ClusterRuntime.libraryVersion), ("Linux", systemRelease),
        ]
    }

    public static var json: JSONValue {
        var object = JSONObject()
        for (name, version) in rows { object[name] = .string(version) }
        return .object(object)
    }

    /// As the CPU calls itself.
    private static var cpuName: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown CPU"
    }

    private static var systemRelease: String {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
    }
}

/// Names and values in two columns.
enum BenchmarkTable {
    static func lines(_ rows: [(name: String, value: String)]) -> [String] {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { "  " + $0.name + String(repeating: " ", count: width + 3 - $0.name.count) + $0.value }
    }
}
