import Datasets
import Documents
import TestSupport
import Testing

@Suite struct NumPyRandomTests {
    @Test("the first word of seed 12345 is NumPy's") func firstWord() {
        var random = NumPyRandom(seed: 12345)
        #expect(random.nextWord() == 3_992_670_690)
    }

    @Test("choices without and with replacement are NumPy's") func knownChoices() {
        var random = NumPyRandom(seed: 1234)
        #expect(random.choiceWithoutReplacement(from: 10, size: 4) == [7, 2, 9, 1])
        random = NumPyRandom(seed: 1234)
        #expect(random.choiceWithReplacement(from: 100, size: 8) == [47, 83, 38, 53, 76, 24, 15, 49])
    }

    @Test("shuffled ranges are NumPy's") func knownPermutations() {
        var random = NumPyRandom(seed: 12345)
        #expect(random.permutation(10) == [0, 7, 3, 9, 6, 4, 1, 8, 5, 2])
        random = NumPyRandom(seed: 12345)
        #expect(random.permutation(20) == [13, 8, 16, 3, 15, 12, 0, 10, 7, 11, 6, 17, 19, 18, 14, 9, 4, 1, 5, 2])
        #expect(random.permutation(0) == [] && random.permutation(1) == [0])
    }

    @Test("a sequence of draws of every kind leaves the generator where NumPy's is") func mixedDraws() throws {
        let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/splits.json"))
        let rows = try #require(fixture["choices"]?.array)
        #expect(rows.count == 6)
        for row in rows {
            let count = try #require(row["n"]?.integer)
            var random = NumPyRandom(seed: UInt32(try #require(row["seed"]?.integer)))
            #expect(
                random.choiceWithReplacement(from: count, size: try #require(row["size"]?.integer))
                    == row["with"]?.integers)
            let different = random.choiceWithoutReplacement(from: count, size: min(count, 12)).map(Int.init)
            #expect(different == row["without"]?.integers)
            #expect((0..<4).map { _ in random.integer(below: 1_000_000) } == row["after"]?.integers)
        }
    }

    @Test(
        "counting a choice counts what listing it lists, and leaves the generator at the same place",
        arguments: [
            (1, 5), (2, 3000), (3, 623), (3, 624), (1000, 625), (1024, 5000), (1025, 20_000), (70_000, 2000),
        ])
    func countedChoices(count: Int, size: Int) {
        var listing = NumPyRandom(seed: 1234)
        // Not at the start of a state.
        for _ in 0..<100 { _ = listing.nextWord() }
        var counting = listing
        var expected = [UInt32](repeating: 0, count: count)
        for element in listing.choiceWithReplacement(from: count, size: size) { expected[element] += 1 }
        #expect(counting.countsOfChoice(from: count, size: size) == expected)
        #expect((0..<700).allSatisfy { _ in counting.nextWord() == listing.nextWord() })
    }
}
