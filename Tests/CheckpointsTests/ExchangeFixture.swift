import Documents
import Foundation
import Networks
import Tensors
import TestSupport

/// Files that Fixtures/make_exchange_fixture.py wrote with torch and safetensors, and their network.
struct ExchangeFixture {
    let json: JSONValue

    init() throws { json = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/exchange.json")) }

    /// The bytes of a file, by the path of its keys.
    func bytes(_ keys: String...) throws -> [UInt8] { try bytes(keys) }

    func bytes(_ keys: [String]) throws -> [UInt8] {
        let value = keys.reduce(json) { $0[$1] ?? .null }
        guard let data = Data(base64Encoded: value.string ?? "-") else { throw CocoaError(.fileReadCorruptFile) }
        return [UInt8](data)
    }

    /// The network of the files.
    static let layout = UNetArchitecture(
        inputChannelCount: 1, headCount: 2, features: [1, 2], kernelSizes: [[1, 1, 1], [1, 3, 3]],
        strides: [[1, 1, 1], [1, 2, 2]], encoderConvolutionCounts: [1, 1], decoderConvolutionCounts: [1]
    ).parameterLayout

    /// Its weights: element j of parameter i is ((31 i + 7 j) mod 64 - 32) / 32.
    static var weights: AlignedBuffer<Float> {
        AlignedBuffer(
            layout.entries.enumerated().flatMap { index, entry in
                (0..<entry.count).map { Float((31 * index + 7 * $0) % 64 - 32) / 32 }
            })
    }
}
