import Documents
import Evaluation
import Prediction
import Tensors
import TestSupport
import Testing

@Suite struct PostprocessingTests {
    private func applied(_ steps: [Postprocessing.Step], to scalars: [Int32]) -> [Int32] {
        var labels = Tensor<Int32>(shape: [1, 1, scalars.count], scalars: scalars)
        Postprocessing(steps: steps).apply(to: &labels)
        return labels.scalars
    }

    @Test("The largest component of the union stays, in the order of the steps") func steps() {
        let row: [Int32] = [1, 2, 0, 1, 0, 2, 2, 2, 0, 1, 1]
        #expect(applied([], to: row) == row)
        // Union: sizes 2, 1, 3, 2.
        #expect(applied([.init(labels: [1, 2])], to: row) == [0, 0, 0, 0, 0, 2, 2, 2, 0, 0, 0])
        #expect(applied([.init(labels: [2], isSingleLabel: true)], to: row) == [1, 0, 0, 1, 0, 2, 2, 2, 0, 1, 1])
        // Label 1 first: its run of two stays; then the union is of 1 (the 2 at the start), 3 and 2 voxels.
        #expect(
            applied([.init(labels: [1], isSingleLabel: true), .init(labels: [1, 2])], to: row)
                == [0, 0, 0, 0, 0, 2, 2, 2, 0, 0, 0])
    }

    @Test("Components of one largest size all stay, and corners connect") func tiesAndCorners() {
        #expect(applied([.init(labels: [1])], to: [1, 1, 0, 1, 1, 0, 1]) == [1, 1, 0, 1, 1, 0, 0])
        // Two voxels that share a corner of the cube, and one alone.
        var labels = Tensor<Int32>(shape: [2, 2, 4], repeating: 0)
        for index in [0, 13, 7] { labels.scalars[index] = 1 }
        Postprocessing(steps: [.init(labels: [1])]).apply(to: &labels)
        #expect(labels.scalars.indices.filter { labels.scalars[$0] == 1 } == [0, 13])
    }

    // MARK: - Search

    /// Rows of labels in JSON files stand in for label maps.
    private func search(
        _ cases: [(truth: [Int], prediction: [Int])], targets: [EvaluationTarget], labels: [Int], in folder: String
    ) throws -> PostprocessingSearch.Outcome {
        for (index, row) in cases.enumerated() {
            for (name, values) in [("truth", row.truth), ("predictions", row.prediction)] {
                try FileAccess.makeFolder("\(folder)/\(name)")
                try FileAccess.replace("\(folder)/\(name)/\(index).row", with: JSONValue.integers(values).text())
            }
        }
        let comparison = FolderComparison(
            targets: targets, fileEnding: ".row", allowsMissingPredictions: true
        ) { path in
            let values = try #require(try JSONValue(contentsOf: path).integers)
            return Tensor(shape: [1, 1, values.count], scalars: values.map(Int32.init))
        }
        return try PostprocessingSearch(
            comparison: comparison, foregroundLabels: labels, predictionFolder: folder + "/predictions",
            referenceFolder: folder + "/truth"
        ).run()
    }

    @Test("All foreground together is accepted when the mean rises and no class falls") func together() throws {
        try TestFiles.withTemporaryFolder { folder in
            let outcome = try search(
                [([1, 1, 2, 0, 0, 0], [1, 1, 2, 0, 1, 2])], targets: [.label(1), .label(2)], labels: [1, 2], in: folder)
            // Dice of 1: 4/5 → 1; of 2: 2/3 → 1. Nothing is left for the single classes.
            #expect(outcome.postprocessing.steps == [.init(labels: [1, 2])])
            #expect(outcome.trials.map(\.isAccepted) == [true, false, false])
            #expect(outcome.trials[0].before == (0.8 + 2.0 / 3) / 2 && outcome.trials[0].after == 1)
            #expect(outcome.trials[1].before == 1 && outcome.trials[1].after == 1)
            #expect(outcome.before.foregroundMeanDice < 1 && outcome.after.foregroundMeanDice == 1)
        }
    }

    @Test("All foreground together is refused when one class falls, and single classes follow") func oneFalls() throws {
        try TestFiles.withTemporaryFolder { folder in
            // Together: Dice of 1 rises from 6/11 to 1, but 2 loses a true voxel and falls from 1 to 4/5.
            let outcome = try search(
                [
                    (
                        [1, 1, 1, 2, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                        [1, 1, 1, 2, 2, 0, 2, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
                    )
                ], targets: [.label(1), .label(2)], labels: [1, 2], in: folder)
            #expect(outcome.trials[0].before == (6.0 / 11 + 1) / 2 && outcome.trials[0].after == (1 + 0.8) / 2)
            #expect(outcome.trials[2].before == 1 && outcome.trials[2].after == 0.8)
            #expect(outcome.trials.map(\.isAccepted) == [false, true, false])
            #expect(outcome.postprocessing.steps == [.init(labels: [1], isSingleLabel: true)])
            #expect(outcome.after.meanDicePerTarget == [1, 1])
        }
    }

    @Test("The mean must rise, not only stay") func equalIsRefused() throws {
        try TestFiles.withTemporaryFolder { folder in
            let outcome = try search([([1, 1, 0], [1, 1, 0])], targets: [.label(1)], labels: [1], in: folder)
            #expect(outcome.postprocessing.steps.isEmpty && outcome.trials.map(\.isAccepted) == [false])
        }
    }

    @Test("A class that occurs nowhere keeps the first step out, but not the others") func missingClass() throws {
        try TestFiles.withTemporaryFolder { folder in
            let outcome = try search(
                [([1, 1, 0, 0], [1, 1, 0, 1])], targets: [.label(1), .label(2)], labels: [1, 2], in: folder)
            #expect(outcome.trials[0].before.isNaN && outcome.trials[2].after.isNaN)
            #expect(outcome.trials.map(\.isAccepted) == [false, true, false])
        }
    }

    @Test("Regions are tried in their order, each on top of those before") func regions() throws {
        try TestFiles.withTemporaryFolder { folder in
            let outcome = try search(
                [([1, 2, 2, 0, 0, 0, 0], [1, 2, 2, 0, 2, 0, 2])], targets: [.region([1, 2]), .region([2])],
                labels: [1, 2], in: folder)
            // All foreground is the first region: accepted at once, so that neither region rises again.
            #expect(outcome.postprocessing.steps == [.init(labels: [1, 2])])
            #expect(outcome.trials.map(\.step.labels) == [[1, 2], [1, 2], [2]])
        }
    }

    // MARK: - File

    @Test("nnU-Net's postprocessing.json is read") func nnUNetsFile() throws {
        let json = try JSONValue(
            parsing: """
                {"input_folder": {}, "postprocessed": {}, "postprocessing_fns":
                ["remove_all_but_largest_component_from_segmentation", "remove_all_but_largest_component_from_segmentation",
                "remove_all_but_largest_component_from_segmentation"], "postprocessing_kwargs":
                [{"labels_or_regions": [1, 2, 3]}, {"labels_or_regions": 2}, {"labels_or_regions": [[1, 2], 3]}]}
                """)
        #expect(
            try PostprocessingFile(json: json, path: "x").postprocessing.steps == [
                .init(labels: [1, 2, 3]), .init(labels: [2], isSingleLabel: true), .init(labels: [1, 2, 3]),
            ])
    }

    @Test("What is written is read again") func roundTrip() throws {
        let postprocessing = Postprocessing(steps: [.init(labels: [1, 2]), .init(labels: [2], isSingleLabel: true)])
        let summary = EvaluationSummary(targets: [.label(1)], cases: [])
        let json = PostprocessingFile.document(of: postprocessing, before: summary, after: summary)
        #expect(json["postprocessing_kwargs"]?.array?[1]["labels_or_regions"] == 2)
        #expect(json["input_folder"]?["mean"]?["1"]?["Dice"]?.number?.isNaN == true)
        #expect(try PostprocessingFile(json: json, path: "x").postprocessing == postprocessing)
    }

    @Test("A pickle is never opened; the message says what to give") func pickles() throws {
        try TestFiles.withTemporaryFolder { folder in
            func message(_ path: String) throws -> String {
                "\(try #require(#expect(throws: PostprocessingError.self) { try PostprocessingFile(contentsOf: path) }))"
            }
            let path = folder + "/postprocessing.pkl"
            try FileAccess.replace(path, with: [0x80, 4, 0x95] as [UInt8])
            #expect(try message(path).contains("give the postprocessing.json that nnU-Net writes beside it"))
            try FileAccess.replace(folder + "/postprocessing.json", with: "{}")
            #expect(try message(path).contains("give \(folder)/postprocessing.json, which says the same"))
            try FileAccess.replace(folder + "/renamed", with: [0x80, 4, 0x95] as [UInt8])
            #expect(try message(folder + "/renamed").contains("is a Python pickle"))
            #expect(try message(folder + "/postprocessing.json").contains("must be lists of one length"))
            try FileAccess.replace(folder + "/bad.json", with: "[")
            #expect(try message(folder + "/bad.json").contains("bad.json is not a postprocessing"))
            #expect(try message(folder + "/none.json").contains("none.json"))
        }
    }

    @Test(
        "Steps that are not known are refused",
        arguments: [
            (#"["other"]"#, #"[{"labels_or_regions": 1}]"#, "the step \"other\" is unknown"),
            (
                #"["remove_all_but_largest_component_from_segmentation"]"#, #"[{"labels_or_regions": "all"}]"#,
                "a label or a list of labels"
            ),
            (
                #"["remove_all_but_largest_component_from_segmentation"]"#,
                #"[{"labels_or_regions": 1, "background_label": 2}]"#, "the background 0"
            ),
            (#"["remove_all_but_largest_component_from_segmentation"]"#, "[]", "one length"),
        ])
    func unknownSteps(names: String, arguments: String, words: String) throws {
        let json = try JSONValue(
            parsing: "{\"postprocessing_fns\": \(names), \"postprocessing_kwargs\": \(arguments)}")
        let error = #expect(throws: PostprocessingError.self) { try PostprocessingFile(json: json, path: "x.json") }
        let message = "\(try #require(error))"
        #expect(message.contains(words) && message.hasPrefix("x.json"))
    }
}
