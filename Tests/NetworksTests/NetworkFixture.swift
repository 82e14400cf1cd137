import Documents
import Networks
import TestSupport
import Testing

/// One network of Fixtures/parameters.json, which make_parameters_fixture.py wrote with PyTorch and nnU-Net.
struct NetworkFixture: CustomTestStringConvertible, Sendable {
    struct Parameter {
        var name: String
        var shape: [Int]
        /// Standard deviation of the initial values; nil where they are constant.
        var deviation: Double?
        /// The constant.
        var value: Double?
    }

    let json: JSONValue
    var testDescription: String { json["name"]?.string ?? "?" }

    static let all: [NetworkFixture] = {
        let document = try? JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/parameters.json"))
        return (document?.array ?? []).map { NetworkFixture(json: $0) }
    }()

    private func integers(_ key: String) -> [Int] { json[key]?.integers ?? [] }
    private func triples(_ key: String) -> [[Int]] { json[key]?.array?.compactMap(\.integers) ?? [] }

    var isResidual: Bool { json["residual"]?.bool == true }
    var architecture: UNetArchitecture {
        UNetArchitecture(
            inputChannelCount: json["channels"]?.integer ?? 0, headCount: json["heads"]?.integer ?? 0,
            features: integers("features"), kernelSizes: triples("kernels"), strides: triples("strides"),
            encoder: isResidual ? .residual : .plain, encoderConvolutionCounts: integers("encoder"),
            decoderConvolutionCounts: integers("decoder"), hasConvolutionBias: json["bias"]?.bool == true)
    }

    var scalarCount: Int? { json["scalars"]?.integer }
    var parameters: [Parameter] {
        (json["parameters"]?.array ?? []).map {
            Parameter(
                name: $0["name"]?.string ?? "", shape: $0["shape"]?.integers ?? [], deviation: $0["deviation"]?.number,
                value: $0["value"]?.number)
        }
    }
}
