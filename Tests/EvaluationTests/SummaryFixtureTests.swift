import Documents
import Evaluation
import Tensors
import TestSupport
import Testing

/// Summaries that nnU-Net 2.8.1 wrote (Fixtures/make_summary.py): the text must be the same to the last character.
@Suite struct SummaryFixtureTests {
    static let fixture = try? JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/summaries.json"))

    /// A label map from the formula in the script.
    static func labels(_ constants: [Int], shape: [Int]) -> Tensor<Int32> {
        Tensor(
            shape: shape,
            scalars: (0..<shape.reduce(1, *)).map { i in
                Int32((i * constants[0] + i * i * constants[1]) % constants[2] % constants[3])
            })
    }

    @Test(arguments: ["labels", "absent", "regions", "ignore", "many"])
    func theSummaryIsThatOfNNUNet(name: String) throws {
        let fixture = try #require(Self.fixture)
        let set = try #require(fixture["sets"]?[name])
        let shape = try #require(fixture["shape"]?.integers)
        let targets = try #require(set["targets"]?.array).map { target in
            if let labels = target.integers { return EvaluationTarget.region(labels) }
            return .label(try #require(target.integer))
        }
        var volumes: [String: Tensor<Int32>] = [:]
        var names: [String] = []
        for (index, pair) in try #require(set["cases"]?.array).enumerated() {
            let file = "case_" + (index < 10 ? "0" : "") + "\(index).nii.gz"
            let constants = try #require(pair.array).map { try #require($0.integers) }
            volumes["ref/" + file] = Self.labels(constants[0], shape: shape)
            volumes["pred/" + file] = Self.labels(constants[1], shape: shape)
            names.append(file)
        }
        let comparison = FolderComparison(targets: targets, ignoreLabel: set["ignore"]?.integer) { [volumes] path in
            try #require(volumes[path])
        }
        let cases = try names.map { try comparison.compare(reference: "ref/" + $0, prediction: "pred/" + $0) }
        let text = EvaluationSummary(targets: targets, cases: cases).json.text(indent: 4, sortedKeys: true)
        #expect(text == set["summary"]?.string)
    }

    @Test func meansAreAddedInTheOrderOfNumPy() throws {
        for row in try #require(Self.fixture?["means"]?.array) {
            let row = try #require(row.numbers)
            let values = (0..<Int(row[0])).map { 1 / Double($0 % 37 + 3) }
            #expect(NumPyMean.mean(values) == row[1], Comment(rawValue: String(values.count)))
            let holes = values.enumerated().map { $0 % 5 == 2 ? Double.nan : $1 }
            #expect(NumPyMean.meanWithoutNaN(holes) == row[2], Comment(rawValue: String(values.count)))
        }
        #expect(NumPyMean.meanWithoutNaN([.nan, .nan]).isNaN)
    }
}
