import Datasets
import Documents
import Foundation
import Patches
import Tensors
import TestSupport
import Testing

/// Small cases whose voxels follow from a formula; the fixtures were made with the same ones.
enum Phantoms {
    static func image(_ size: [Int]) -> [Float] {
        voxels(size) { d, h, w in
            Float(sin(0.9 * Double(d) + 0.3) * cos(0.5 * Double(h)) + 0.4 * sin(0.7 * Double(w) + 0.2 * Double(d)))
        }
    }

    static func labels(_ size: [Int]) -> [Int16] {
        voxels(size) { d, h, w in d + h + w < 4 ? -1 : Int16((d / 3 + h / 4 + w / 3) % 4) }
    }

    /// A case with a voxel list for every label above 0.
    static func source(_ identifier: String, _ size: [Int], channelCount: Int = 1) -> PatchSource {
        let labels = labels(size)
        let locations = (1...3).map { label in
            ClassLocations(key: [label], voxels: VoxelList(places(size) { labels[$0] == label }))
        }
        return PatchSource(
            identifier: identifier,
            image: Tensor(shape: [channelCount] + size, scalars: (0..<channelCount).flatMap { _ in image(size) }),
            labels: Tensor(shape: size, scalars: labels), locations: locations)
    }

    static func voxels<Value>(_ size: [Int], _ value: (Int, Int, Int) -> Value) -> [Value] {
        var values: [Value] = []
        for d in 0..<size[0] { for h in 0..<size[1] { for w in 0..<size[2] { values.append(value(d, h, w)) } } }
        return values
    }

    private static func places(_ size: [Int], where isPlace: (Int) -> Bool) -> [SIMD3<Int32>] {
        var index = -1
        return voxels(size) { d, h, w -> SIMD3<Int32>? in
            index += 1
            return isPlace(index) ? SIMD3(Int32(d), Int32(h), Int32(w)) : nil
        }.compactMap { $0 }
    }

    /// The outputs of the published pipeline; see Fixtures/write_augmentation.py.
    static func fixture() throws -> JSONValue {
        try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/augmentation.json"))
    }
}

extension JSONValue {
    /// A list of integers that the fixture must have.
    func sizes(_ key: String) throws -> [Int] { try #require(self[key]?.integers, "fixture without \(key)") }
    func values(_ key: String) throws -> [Double] { try #require(self[key]?.numbers, "fixture without \(key)") }
}

/// Largest distance between two lists of numbers; infinite where one is not a number.
func distance(_ values: [Float], _ others: [Double]) -> Double {
    guard values.count == others.count else { return .infinity }
    return zip(values, others).reduce(0) { largest, pair in
        let distance = abs(Double(pair.0) - pair.1)
        return distance <= largest ? largest : (distance.isNaN ? .infinity : distance)
    }
}
