import Foundation
import Testing

/// Where tests find and put files.
public enum TestFiles {
    /// The folder of real test data, from the environment variable `PGPS_TEST_DATA`; nil where it is not set.
    public static var realData: String? { ProcessInfo.processInfo.environment["PGPS_TEST_DATA"] }

    /// A file beside the test's source, e.g. `Fixtures/x.json`.
    public static func beside(_ source: String = #filePath, _ name: String) -> String {
        URL(fileURLWithPath: source).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// Calls `body` with a new empty folder and removes it afterwards.
    public static func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = NSTemporaryDirectory() + "/pgps-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests that read real images; `launch/test` counts and names those that were not run.
    public static var realData: Self {
        .enabled(if: TestFiles.realData != nil, "PGPS_TEST_DATA does not name a folder of real test data")
    }
}
