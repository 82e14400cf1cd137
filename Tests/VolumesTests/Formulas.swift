import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

/// Inputs that the scripts in Fixtures compute by the same formulas.
enum Formulas {
    /// Numbers in [0, 1), as `noise` of resampling.py.
    static func noise(_ count: Int, seed: Int = 0) -> [Float] {
        (0..<count).map { index in
            var x = (UInt64(index) &* 2_654_435_761 &+ UInt64(seed) &* 40503) & 0xFFFF_FFFF
            x ^= x >> 15
            x = x &* 2_246_822_519 & 0xFFFF_FFFF
            x ^= x >> 13
            return Float(Double(x >> 8) * 0x1p-24)
        }
    }

    static func noise(_ shape: [Int], seed: Int = 0) -> Tensor<Float> {
        Tensor(shape: shape, scalars: noise(shape.reduce(1, *), seed: seed))
    }

    /// True where the noise is below `share`.
    static func mask(_ shape: [Int], share: Double, seed: Int) -> Tensor<Bool> {
        Tensor(shape: shape, scalars: noise(shape.reduce(1, *), seed: seed).map { $0 < Float(share) })
    }

    /// Blocks of 3 × 3 × 3 voxels of one label, as `labels` of resampling.py.
    static func labels(_ shape: [Int], values: [Int]) -> Tensor<Int16> {
        var scalars: [Int16] = []
        for d in 0..<shape[0] {
            for h in 0..<shape[1] {
                for w in 0..<shape[2] {
                    let key = (d / 3 * 31 + h / 3 * 17 + w / 3 * 7) * 2_654_435_761 % 4_294_967_296
                    scalars.append(Int16(values[key / 65536 % values.count]))
                }
            }
        }
        return Tensor(shape: shape, scalars: scalars)
    }
}

/// A fixture's document and what its entries must have.
struct Fixture {
    let document: JSONValue

    init(_ name: String) throws {
        document = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/" + name))
    }

    func entries(_ key: String) throws -> [JSONValue] { try #require(document[key]?.array) }
}

extension JSONValue {
    func integers(_ key: String) throws -> [Int] { try #require(self[key]?.integers, "\(key)") }
    func integer(_ key: String) throws -> Int { try #require(self[key]?.integer, "\(key)") }
    func numbers(_ key: String) throws -> [Double] { try #require(self[key]?.numbers, "\(key)") }
    func number(_ key: String) throws -> Double { try #require(self[key]?.number, "\(key)") }
    func string(_ key: String) throws -> String { try #require(self[key]?.string, "\(key)") }
}

/// Compares an array with a fixture's sum, largest value and 24 samples, relative to the largest value.
func expectSummary(
    _ values: [Float], _ entry: JSONValue, tolerance: Double, _ comment: String,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let largest = try entry.number("maximum")
    let samples = try entry.numbers("samples")
    let sum = values.reduce(0.0) { $0 + Double($1) }
    let maximum = values.reduce(0.0) { max($0, abs(Double($1))) }
    let errors =
        samples.enumerated().map { index, sample in
            abs(Double(values[index * (values.count - 1) / 23]) - sample) / largest
        } + [abs(maximum - largest) / largest, try abs(sum - entry.number("sum")) / largest / Double(values.count)]
    let worst = errors.max() ?? 0
    #expect(worst <= tolerance, "\(comment): differs by \(worst)", sourceLocation: sourceLocation)
}

/// A gzip file in base 64, written under a name.
func write(_ text: String, to path: String) throws {
    try #require(Data(base64Encoded: text)).write(to: URL(fileURLWithPath: path))
}
