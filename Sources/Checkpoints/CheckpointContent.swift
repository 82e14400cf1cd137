import Documents
import Networks
import Tensors

/// All that a training run needs to continue bit for bit: random numbers are functions of (seed, iteration, sample).
public struct CheckpointContent: Sendable {
    public var layout: ParameterLayout
    /// The parameters, `layout.scalarCount` scalars.
    public var weights: AlignedBuffer<Float>
    /// The momentum of the optimizer, in the same layout.
    public var momentum: AlignedBuffer<Float>
    public var attributes: CheckpointAttributes
    /// The log of the run so far, of any length; the scheduler's (rank 0's) is stored.
    public var metrics: JSONValue

    /// - Precondition: both buffers hold `layout.scalarCount` scalars.
    public init(
        layout: ParameterLayout, weights: AlignedBuffer<Float>, momentum: AlignedBuffer<Float>,
        attributes: CheckpointAttributes, metrics: JSONValue = .array([])
    ) {
        precondition(
            weights.count == layout.scalarCount && momentum.count == layout.scalarCount,
            "\(weights.count) weights and \(momentum.count) momenta for a layout of \(layout.scalarCount) scalars")
        self.layout = layout
        self.weights = weights
        self.momentum = momentum
        self.attributes = attributes
        self.metrics = metrics
    }

    /// Every stored tensor, in the order of the file.
    func tensors() -> [(path: String, entry: ParameterLayout.Entry, values: UnsafeMutablePointer<Float>)] {
        layout.entries.map { ("/weights/\($0.name)", $0, weights.pointer + $0.offset) }
            + layout.entries.map { ("/momentum/\($0.name)", $0, momentum.pointer + $0.offset) }
    }
}

/// What a checkpoint says about the run.
public struct CheckpointAttributes: Sendable, Equatable {
    /// The sampling curriculum, e.g. `pgps-performance`.
    public var scheme: String
    /// Index of the stage of the next iteration.
    public var stage: Int
    /// Finished epochs.
    public var epoch: Int
    /// Finished iterations.
    public var iteration: Int
    public var seed: UInt64
    /// Threads per rank; the same number gives the same bits.
    public var threads: Int
    public var plansName: String
    public var plansHash: String
    public var datasetHash: String
    /// Whatever else the run wants to find again, e.g. `mirrorAxes`.
    public var others: JSONObject

    public init(
        scheme: String, stage: Int, epoch: Int, iteration: Int, seed: UInt64, threads: Int, plansName: String,
        plansHash: String, datasetHash: String, others: JSONObject = [:]
    ) {
        self.scheme = scheme
        self.stage = stage
        self.epoch = epoch
        self.iteration = iteration
        self.seed = seed
        self.threads = threads
        self.plansName = plansName
        self.plansHash = plansHash
        self.datasetHash = datasetHash
        self.others = others
    }

    /// Why a run with the attributes `run` must not continue from this checkpoint: one phrase per difference.
    ///
    /// Progress (stage, epoch, iteration) and threads may differ; other threads change the bits and deserve a warning.
    public func differences(from run: CheckpointAttributes) -> [String] {
        let pairs: [(String, String, String)] = [
            ("scheme", scheme, run.scheme), ("seed", "\(seed)", "\(run.seed)"), ("plans", plansName, run.plansName),
            ("hash of the plans", plansHash, run.plansHash), ("hash of the dataset", datasetHash, run.datasetHash),
        ]
        return pairs.filter { $1 != $2 }.map { "\($0): \($1) in the checkpoint, \($2) in this run" }
    }
}

extension CheckpointAttributes {
    var json: JSONValue {
        var object: JSONObject = [
            "scheme": .string(scheme), "stage": .integer(stage), "epoch": .integer(epoch),
            "iteration": .integer(iteration), "seed": seedJSON, "threads": .integer(threads),
            "plansName": .string(plansName), "plansHash": .string(plansHash), "datasetHash": .string(datasetHash),
        ]
        object["others"] = .object(others)
        return .object(object)
    }

    /// - Throws: the name of the member that is missing or of another kind.
    init(json: JSONValue) throws(CheckpointError) {
        func text(_ key: String) throws(CheckpointError) -> String {
            guard let value = json[key]?.string else { throw .damaged("its attribute \(key) is missing or no text") }
            return value
        }
        func integer(_ key: String) throws(CheckpointError) -> Int {
            guard let value = json[key]?.integer else {
                throw .damaged("its attribute \(key) is missing or no integer")
            }
            return value
        }
        guard let seed = json["seed"].flatMap(Self.seed) else {
            throw .damaged("its attribute seed is missing or no number")
        }
        self.init(
            scheme: try text("scheme"), stage: try integer("stage"), epoch: try integer("epoch"),
            iteration: try integer("iteration"), seed: seed, threads: try integer("threads"),
            plansName: try text("plansName"), plansHash: try text("plansHash"), datasetHash: try text("datasetHash"),
            others: json["others"]?.object ?? [:])
    }

    /// The seed as JSON, whose integers end at 2^63 - 1; larger seeds are text.
    public var seedJSON: JSONValue { Int(exactly: seed).map { .integer($0) } ?? .string(String(seed)) }

    private static func seed(_ value: JSONValue) -> UInt64? {
        value.integer.flatMap { UInt64(exactly: $0) } ?? value.string.flatMap { UInt64($0) }
    }
}
