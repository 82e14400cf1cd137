import Documents
import Evaluation
import Tensors
import TestSupport
import Testing

/// Label maps are stood in for by JSON files that hold a row of labels.
@Suite struct FolderComparisonTests {
    func comparison(chill: Bool = false) -> FolderComparison {
        FolderComparison(targets: [.label(1)], fileEnding: ".json", allowsMissingPredictions: chill) { path in
            guard let labels = try JSONValue(contentsOf: path).integers else {
                throw FileError(action: "read labels from", path: path, reason: "it is not a row of labels")
            }
            return Tensor(shape: [1, 1, labels.count], scalars: labels.map(Int32.init))
        }
    }

    func write(_ files: [String: JSONValue], in folder: String) throws {
        try FileAccess.makeFolder(folder)
        for (name, content) in files { try replace(folder + "/" + name, with: content.text()) }
    }

    /// Without a flush, because a busy disk takes seconds for each.
    func replace(_ path: String, with text: String) throws {
        try FileAccess.replace(path, with: text, isFlushed: false)
    }

    @Test func allPredictionsAreScoredInTheOrderOfTheirNames() throws {
        try TestFiles.withTemporaryFolder { folder in
            try write(["b.json": [1, 1], "a.json": [0, 1], "notes.txt": "x", "._a.json": "x"], in: folder + "/pred")
            try write(["a.json": [1, 1], "b.json": [1, 1]], in: folder + "/ref")
            let summary = try comparison().run(referenceFolder: folder + "/ref", predictionFolder: folder + "/pred")
            #expect(summary.cases.map(\.predictionFile) == [folder + "/pred/a.json", folder + "/pred/b.json"])
            #expect(summary.cases.map(\.referenceFile) == [folder + "/ref/a.json", folder + "/ref/b.json"])
            #expect(abs(summary.foregroundMeanDice - (2.0 / 3 + 1) / 2) < 1e-15)
        }
    }

    @Test func aMissingPredictionIsAnErrorUnlessItIsAllowed() throws {
        try TestFiles.withTemporaryFolder { folder in
            try write(["a.json": [1]], in: folder + "/pred")
            try write(["a.json": [1], "b.json": [1]], in: folder + "/ref")
            let error = #expect(throws: EvaluationError.self) {
                try comparison().run(referenceFolder: folder + "/ref", predictionFolder: folder + "/pred")
            }
            #expect("\(try #require(error))".contains("b.json of \(folder)/ref has no prediction in \(folder)/pred"))
            let summary = try comparison(chill: true).run(
                referenceFolder: folder + "/ref", predictionFolder: folder + "/pred")
            #expect(summary.foregroundMeanDice == 1)
        }
    }

    @Test func errorsNameTheFile() throws {
        try TestFiles.withTemporaryFolder { folder in
            try write(["a.json": [1], "b.json": [1, 0], "c.json": "no labels"], in: folder + "/pred")
            try write(["a.json": [1], "b.json": [1]], in: folder + "/ref")
            func description(_ body: () throws -> Void) throws -> String {
                "\(try #require(#expect(throws: EvaluationError.self, performing: body)))"
            }
            #expect(
                try description {
                    _ = try comparison().run(referenceFolder: folder + "/ref", predictionFolder: folder + "/pred")
                }
                .contains("c.json of \(folder)/pred has no reference"))
            try replace(folder + "/ref/c.json", with: "[1]")
            let shapes = try description {
                _ = try comparison().run(referenceFolder: folder + "/ref", predictionFolder: folder + "/pred")
            }
            #expect(shapes.contains("\(folder)/pred/b.json has the shape [1, 1, 2]") && shapes.contains("ref/b.json"))
            try replace(folder + "/pred/d.json", with: "[")
            try replace(folder + "/ref/d.json", with: "[1]")
            try replace(folder + "/pred/b.json", with: "[1]")
            try replace(folder + "/pred/c.json", with: "[1]")
            #expect(
                try description {
                    _ = try comparison().run(referenceFolder: folder + "/ref", predictionFolder: folder + "/pred")
                }
                .contains("pred/d.json"))
            #expect(
                try description { _ = try comparison().run(referenceFolder: folder + "/ref", predictionFolder: folder) }
                    .contains("ends with .json"))
            #expect(
                try description {
                    _ = try comparison().run(referenceFolder: folder + "/none", predictionFolder: folder + "/pred")
                }
                .contains(folder + "/none"))
        }
    }

    @Test func foldsAreBroughtTogetherAndScoredAsOne() throws {
        try TestFiles.withTemporaryFolder { folder in
            try write(["dataset.json": [:], "plans.json": [:]], in: folder)
            // The stand-ins end like JSON files too, so they have a longer ending here.
            var comparison = comparison()
            comparison.fileEnding = "map.json"
            try write(["a-map.json": [1, 1], "summary.json": [:]], in: folder + "/fold_0/validation")
            try write(["b-map.json": [0, 1]], in: folder + "/fold_1/validation")
            try write(["a-map.json": [1, 1], "b-map.json": [1, 1], "c-map.json": [1, 1]], in: folder + "/ref")
            for _ in 0..<2 {
                let summary = try CrossValidation.accumulate(
                    modelFolder: folder, folds: ["0", "1"], referenceFolder: folder + "/ref", comparison: comparison)
                #expect(summary.cases.count == 2)
                let output = folder + "/crossval_results_folds_0_1"
                #expect(
                    try FileAccess.list(output)
                        == ["a-map.json", "b-map.json", "dataset.json", "plans.json", "summary.json"])
                #expect(
                    try JSONValue(contentsOf: output + "/summary.json")["foreground_mean"]?["Dice"]?.number
                        == summary.foregroundMeanDice)
            }
            #expect(throws: EvaluationError.self) {
                try CrossValidation.accumulate(
                    modelFolder: folder, folds: ["0", "2"], referenceFolder: folder + "/ref", comparison: comparison)
            }
            try write(["a-map.json": [1, 1]], in: folder + "/fold_1/validation")
            let error = #expect(throws: EvaluationError.self) {
                try CrossValidation.accumulate(
                    modelFolder: folder, folds: ["0", "1"], referenceFolder: folder + "/ref", comparison: comparison)
            }
            #expect("\(try #require(error))".contains("a-map.json was predicted by more than one fold (0, 1)"))
        }
    }
}
