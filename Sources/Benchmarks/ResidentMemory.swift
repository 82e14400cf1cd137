import Foundation

/// The memory of this process that lies in the machine's, as Linux counts it; shared libraries are in it.
public enum ResidentMemory {
    /// Bytes now; 0 where the system does not say.
    public static var present: Int { bytes("VmRSS:", in: status) }

    /// The most bytes since the start or the last ``forgetPeak()``; 0 where the system does not say.
    public static var peak: Int { bytes("VmHWM:", in: status) }

    /// Lets the peak start anew from the present size. Where the system does not allow it, the peak stays that of the
    /// whole run.
    public static func forgetPeak() {
        let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs")
        try? file?.write(contentsOf: Data("5".utf8))
        try? file?.close()
    }

    private static var status: String { (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? "" }

    /// A size in a text like that of `/proc/self/status`, which counts in kibibytes.
    package static func bytes(_ name: String, in status: String) -> Int {
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        let words = line?.split(whereSeparator: \.isWhitespace) ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
    }
}
