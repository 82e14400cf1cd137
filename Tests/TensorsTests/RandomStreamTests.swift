import Tensors
import Testing

@Suite struct RandomStreamTests {
    /// Known answers of the Random123 distribution (kat_vectors, philox4x32 10 rounds).
    @Test func philoxGivesThePublishedAnswers() {
        #expect(
            RandomStream.philox(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            RandomStream.philox(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            RandomStream.philox(
                counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0)
            )
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func aStreamIsAFunctionOfItsNames() {
        var first = RandomStream(seed: 7, purpose: .test, iteration: 3, index: 2)
        var again = RandomStream(seed: 7, purpose: .test, iteration: 3, index: 2)
        var other = RandomStream(seed: 7, purpose: .test, iteration: 2, index: 3)
        let values = (0..<9).map { _ in first.nextWord() }
        #expect(values == (0..<9).map { _ in again.nextWord() })
        #expect(values != (0..<9).map { _ in other.nextWord() })
    }

    @Test func momentsOfUniformAndNormalNumbers() {
        var stream = RandomStream(seed: 1, purpose: .test)
        let count = 100_000
        let normals = (0..<count).map { _ in Double(stream.normal()) }
        let mean = normals.reduce(0, +) / Double(count)
        let variance = normals.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(count)
        #expect(abs(mean) < 0.015)
        #expect(abs(variance - 1) < 0.02)
        let uniforms = (0..<count).map { _ in stream.uniform(2..<4) }
        #expect(uniforms.allSatisfy { $0 >= 2 && $0 < 4 })
        #expect(abs(uniforms.reduce(0, +) / Float(count) - 3) < 0.01)
        let integers = (0..<count).map { _ in stream.integer(in: -1...1) }
        #expect(Set(integers) == [-1, 0, 1])
        #expect(
            integers.count(where: { $0 == 0 }) > count / 3 - 700 && integers.count(where: { $0 == 0 }) < count / 3 + 700
        )
    }
}
