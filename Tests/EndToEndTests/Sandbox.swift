import Documents
import Foundation
import TestSupport

/// Folders for raw, preprocessed and results that nothing else sees, and the program run on them.
struct Sandbox: Sendable {
    let folder: String
    var raw: String { folder + "/raw" }
    var preprocessed: String { folder + "/preprocessed" }
    var results: String { folder + "/results" }

    static func with<Result>(_ body: (Sandbox) throws -> Result) throws -> Result {
        try TestFiles.withTemporaryFolder { folder in
            let sandbox = Sandbox(folder: folder)
            for path in [sandbox.raw, sandbox.preprocessed, sandbox.results, folder + "/said"] {
                try FileAccess.makeFolder(path)
            }
            return try body(sandbox)
        }
    }

    // MARK: - Running

    /// The environment of a process that works on these folders.
    func environment(results: String? = nil) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["nnUNet_raw"] = raw
        environment["nnUNet_preprocessed"] = preprocessed
        environment["nnUNet_results"] = results ?? self.results
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
        environment["OMP_WAIT_POLICY"] = "passive"
        environment["OMP_NUM_THREADS"] = nil
        return environment
    }

    /// Starts the program, under mpirun where `ranks` says how many.
    ///
    /// - Parameters:
    ///   - results: the root of the results, instead of the sandbox's.
    ///   - fileLimit: the largest file in kilobytes, as a disk that fills.
    func start(
        _ arguments: [String], ranks: Int? = nil, results: String? = nil, fileLimit: Int? = nil, limit: Int = 240
    ) throws -> Program.Running {
        var words = [Program.path] + arguments
        if let ranks { words = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", String(ranks)] + words }
        if let fileLimit { words = ["bash", "-c", "ulimit -f \(fileLimit) && exec \"$@\"", "bash"] + words }
        return try Program.Running(
            words, environment: environment(results: results), folder: folder + "/said", limit: limit)
    }

    /// Runs the program to its end, whatever it is.
    func attempt(
        _ arguments: String..., ranks: Int? = nil, results: String? = nil, fileLimit: Int? = nil
    ) throws -> Program.Outcome {
        try start(arguments, ranks: ranks, results: results, fileLimit: fileLimit).outcome()
    }

    /// Runs the program, which must succeed.
    @discardableResult
    func run(
        _ arguments: String..., ranks: Int? = nil, results: String? = nil
    ) throws -> Program.Outcome {
        let outcome = try start(arguments, ranks: ranks, results: results).outcome()
        guard outcome.status == 0, !outcome.wasKilled else { throw UnexpectedOutcome(outcome: outcome) }
        return outcome
    }

    struct UnexpectedOutcome: Error, CustomStringConvertible {
        let outcome: Program.Outcome
        var description: String { outcome.description }
    }

    /// Options of the shortest training.
    static let oneIteration = [
        "-tr", "cps", "--epochs", "1", "--iterations-per-epoch", "1", "--validation-iterations", "0", "--threads", "1",
    ]

    // MARK: - Datasets

    /// Writes a small raw phantom: 24³ voxels, three labels.
    func makePhantom(cases: Int = 6, testCases: Int = 0, id: Int = 900) throws {
        try run(
            "phantom", raw, "--cases", "\(cases)", "--test-cases", "\(testCases)", "--seed", "11", "--size", "24", "24",
            "24", "--id", "\(id)")
    }

    func rawFolder(id: Int = 900) -> String { "\(raw)/Dataset\(id)_Phantom" }
    func preprocessedFolder(id: Int = 900) -> String { "\(preprocessed)/Dataset\(id)_Phantom" }

    func prepare(id: Int = 900) throws { try run("plan-and-preprocess", "-d", "\(id)", "-c", "3d_fullres", "-np", "2") }

    /// Makes the planned network small and its batch large: seconds per run, and several micro-batches per iteration.
    ///
    /// - Parameter patchSize: instead of the planned one.
    func shrinkPlan(
        id: Int = 900, batchSize: Int = 20, batchDice: Bool = false, patchSize: [Int]? = nil
    ) throws {
        try edit("\(preprocessedFolder(id: id))/nnUNetPlans.json") { plans in
            let configuration = ["configurations", "3d_fullres"]
            let network = configuration + ["architecture", "arch_kwargs"]
            plans.set(configuration + ["batch_size"], .integer(batchSize))
            plans.set(configuration + ["batch_dice"], .bool(batchDice))
            if let patchSize { plans.set(configuration + ["patch_size"], .integers(patchSize)) }
            plans.set(network + ["features_per_stage"], [16, 16, 16])
            plans.set(network + ["n_conv_per_stage"], [1, 1, 1])
            plans.set(network + ["n_conv_per_stage_decoder"], [1, 1])
        }
    }

    /// Turns the three labels of a raw phantom into overlapping regions.
    func declareRegions(id: Int = 900) throws {
        try edit(rawFolder(id: id) + "/dataset.json") { description in
            description.set(["labels"], ["background": 0, "all": [1, 2, 3], "inside": [2, 3], "lesion": 3])
            description.set(["regions_class_order"], [1, 2, 3])
        }
    }

    func edit(_ path: String, _ change: (inout JSONValue) -> Void) throws {
        var document = try JSONValue(contentsOf: path)
        change(&document)
        try FileAccess.replace(path, with: document.text(indent: 4))
    }

    // MARK: - Looking

    /// The folder of a fold's run.
    func runFolder(_ scheme: String, fold: String = "0", id: Int = 900, in results: String? = nil) -> String {
        "\(results ?? self.results)/Dataset\(id)_Phantom/\(scheme)__nnUNetPlans__3d_fullres/fold_\(fold)"
    }

    /// Paths of all files below a folder, relative to it, sorted.
    static func files(below folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { !FileAccess.isFolder(folder + "/" + $0) }.sorted()
    }

    /// Everything below a folder: relative paths of folders, with `/` at their ends, and of files, with the SHA-256 of
    /// what they hold.
    static func listing(of folder: String) throws -> [String: String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        var listing: [String: String] = [:]
        for name in names {
            let path = folder + "/" + name
            if FileAccess.isFolder(path) {
                listing[name + "/"] = ""
            } else {
                listing[name] = SHA256.digest(of: try FileAccess.read(path))
            }
        }
        return listing
    }

    /// Files below the sandbox's folders that somebody left in the middle of writing.
    func leftovers() -> [String] {
        [raw, preprocessed, results].flatMap { Self.files(below: $0) }.filter {
            $0.contains(".tmp") || $0.contains(".partial")
        }
    }
}

extension JSONValue {
    /// Sets the member at the end of a path of keys; objects on the way must exist.
    mutating func set(_ path: [String], _ value: JSONValue) {
        guard let key = path.first, var object else { return }
        if path.count == 1 {
            object[key] = value
        } else {
            var member = object[key] ?? .null
            member.set(Array(path.dropFirst()), value)
            object[key] = member
        }
        self = .object(object)
    }
}
