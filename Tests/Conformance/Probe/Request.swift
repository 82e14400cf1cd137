import Datasets
import Documents
import Networks
import Objectives
import Tensors

/// A request that cannot be answered.
struct RequestError: Error, CustomStringConvertible {
    let description: String
}

/// What is asked, or a part of it.
struct Request {
    let json: JSONValue

    func integer(_ key: String) throws -> Int { try require(json[key]?.integer, key, "a whole number") }
    func number(_ key: String) throws -> Double { try require(json[key]?.number, key, "a number") }
    func text(_ key: String) throws -> String { try require(json[key]?.string, key, "a text") }
    func integers(_ key: String) throws -> [Int] { try require(json[key]?.integers, key, "a list of whole numbers") }
    func numbers(_ key: String) throws -> [Double] { try require(json[key]?.numbers, key, "a list of numbers") }
    func texts(_ key: String) throws -> [String] { try require(json[key]?.strings, key, "a list of texts") }
    func isTrue(_ key: String) -> Bool { json[key]?.bool ?? false }

    /// A list of lists of whole numbers.
    func rows(_ key: String) throws -> [[Int]] {
        try parts(key).map { try require($0.json.integers, key, "a list of lists of whole numbers") }
    }

    /// The entries of a list.
    func parts(_ key: String) throws -> [Request] {
        try require(json[key]?.array, key, "a list").map(Request.init)
    }

    /// The array whose path stands at `key`.
    func array<Scalar: NumPyFile.Element & Sendable>(_ key: String, of type: Scalar.Type) throws -> Tensor<Scalar> {
        try NumPyFile.read(text(key), as: type)
    }

    /// The arrays whose paths stand at `key`.
    func arrays(_ key: String) throws -> [Tensor<Float>] {
        try texts(key).map { try NumPyFile.read($0, as: Float.self) }
    }

    /// Writes an array to the path that stands at `key`; nothing where there is none.
    func write<Scalar: NumPyFile.Element>(_ values: [Scalar], shape: [Int], to key: String) throws {
        guard let path = json[key]?.string else { return }
        try Self.write(values, shape: shape, path: path)
    }

    static func write<Scalar: NumPyFile.Element>(_ values: [Scalar], shape: [Int], path: String) throws {
        try values.withUnsafeBufferPointer { try NumPyFile.write($0, shape: shape, to: path) }
    }

    private func require<Value>(_ value: Value?, _ key: String, _ kind: String) throws -> Value {
        guard let value else { throw RequestError(description: "\"\(key)\" of the request must be \(kind)") }
        return value
    }
}

extension Request {
    /// What the labels mean: `labels` and `regionsClassOrder` as in a dataset.json.
    func labelManager() throws -> LabelManager {
        var description: JSONObject = ["channel_names": ["0": "x"], "numTraining": 1, "file_ending": ".nii.gz"]
        description["labels"] = json["labels"]
        if json["regionsClassOrder"]?.isNull == false { description["regions_class_order"] = json["regionsClassOrder"] }
        return try DatasetDescription(json: .object(description), path: "the request").labelManager
    }

    /// The loss that training makes of those labels.
    func loss(levelCount: Int) throws -> LossDescription {
        let labels = try labelManager()
        return LossDescription(
            headCount: labels.headCount, kind: labels.regions.map { .regions($0) } ?? .labels,
            ignoreLabel: labels.ignoreLabel, usesBatchDice: isTrue("batchDice"),
            levelWeights: LossDescription.levelWeights(decoderLevelCount: levelCount + 1))
    }

    /// A network; its encoder is made of residual blocks where `residual` is true, of plain convolutions otherwise.
    func architecture() throws -> UNetArchitecture {
        UNetArchitecture(
            inputChannelCount: try integer("channels"), headCount: try integer("heads"),
            features: try integers("features"), kernelSizes: try rows("kernels"), strides: try rows("strides"),
            encoder: isTrue("residual") ? .residual : .plain,
            encoderConvolutionCounts: try integers("encoderConvolutions"),
            decoderConvolutionCounts: try integers("decoderConvolutions"))
    }
}
