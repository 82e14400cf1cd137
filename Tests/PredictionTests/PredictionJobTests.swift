import Datasets
import Documents
import Evaluation
import Foundation
import Prediction
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct PredictionJobTests {
    private func model(in folder: String, _ tiny: TinyModel = TinyModel()) throws -> ModelFolder {
        let path = folder + "/cps__nnUNetPlans__3d_fullres"
        try tiny.write(to: path)
        return try ModelFolder(path: path)
    }

    private func message(_ body: () throws -> Void) throws -> String {
        "\(try #require(#expect(throws: (any Error).self, performing: body)))"
    }

    @Test func aFolderIsPredictedAndDocumented() throws {
        try TestFiles.withTemporaryFolder { folder in
            let (input, output) = (folder + "/in", folder + "/out")
            let model = try model(in: folder)
            for identifier in ["b", "a", "c"] { _ = try PredictorTests.rawCase(identifier, in: input) }
            let job = try PredictionJob(model: model, inputFolder: input, outputFolder: output)
            #expect(job.cases.map(\.identifier) == ["a", "b", "c"])
            try job.writeDocuments(arguments: ["step_size": 0.5, "folds": ["0"]])
            let predictor = try TinyModel().predictor()
            #expect(try job.run(["b"], with: predictor).isEmpty)
            #expect(job.missingIdentifiers(withProbabilities: false) == ["a", "c"])
            #expect(job.missingIdentifiers(withProbabilities: true) == ["a", "b", "c"])
            #expect(try job.run(["a", "c"], with: predictor, rank: 1, size: 2).isEmpty)
            #expect(
                try FileAccess.list(output)
                    == ["b.nii.gz", "c.nii.gz", "dataset.json", "plans.json", "predict_from_raw_data_args.json"])
            #expect(try JSONValue(contentsOf: output + "/plans.json") == model.plans.json)

            let part = try PredictionJob(
                model: model, inputFolder: input, outputFolder: output, part: 1, partCount: 2)
            #expect(part.cases.map(\.identifier) == ["b"])
        }
    }

    @Test func whatCannotBePredictedIsSaidBeforeAnythingIsWritten() throws {
        try TestFiles.withTemporaryFolder { folder in
            let model = try model(in: folder)
            let input = folder + "/in"
            let output = folder + "/out"
            func make(_ input: String, part: Int = 0, of count: Int = 1) throws {
                _ = try PredictionJob(
                    model: model, inputFolder: input, outputFolder: output, part: part, partCount: count)
            }
            #expect(try message { try make(folder + "/none") }.contains(folder + "/none"))
            try FileAccess.makeFolder(input)
            #expect(try message { try make(input) }.contains("CASE_0000.nii.gz"))
            _ = try PredictorTests.rawCase("a", in: input)
            try make(input)
            #expect(try message { try make(input, part: 2, of: 2) }.contains("part 2 of 2"))
            #expect(try message { try make(output) }.contains("both input and output"))
            _ = try PredictorTests.rawCase("b", in: input, channelCount: 2)
            #expect(
                try message { try make(input) }.contains(
                    "case b has 2 image files, but the model was trained on 1 channel"))
            #expect(!FileAccess.exists(output))
        }
    }

    @Test func validationPredictsTheStoreAndScoresIt() throws {
        try TestFiles.withTemporaryFolder { folder in
            let tiny = TinyModel(transposeForward: [1, 0, 2])
            let raw = folder + "/raw"
            for name in ["imagesTr", "labelsTr"] { try FileAccess.makeFolder(raw + "/" + name) }
            try FileAccess.replace(raw + "/dataset.json", with: tiny.descriptionJSON.text())
            for identifier in ["a", "b"] {
                let image = TinyModel.image(shape: PredictorTests.shape)
                try NIfTI.write(image, to: "\(raw)/imagesTr/\(identifier)_0000.nii.gz")
                let labels = Tensor(shape: PredictorTests.shape, scalars: TinyModel.expectedLabels(image))
                try NIfTI.write(labels: labels, geometry: image.geometry, to: "\(raw)/labelsTr/\(identifier).nii.gz")
            }
            let dataset = try RawDataset(folder: raw)
            let plans = try Plans(json: tiny.plansJSON, path: "plans.json")
            let store = try CasePreprocessing.run(
                dataset, plans: plans, configuration: plans.configuration(named: "3d_fullres"), to: folder + "/store")
            let validation = FoldValidation(
                store: store, description: dataset.description, referenceFolder: raw + "/labelsTr",
                folder: folder + "/fold_0/validation")
            for rank in 0..<3 {
                let predictor = try tiny.predictor()
                #expect(try validation.predict(["a", "b"], with: predictor, rank: rank, size: 3).isEmpty)
            }
            let summary = try validation.score()
            #expect(summary.cases.count == 2 && summary.foregroundMeanDice == 1)
            #expect(try FileAccess.list(validation.folder) == ["a.nii.gz", "b.nii.gz", "summary.json"])
        }
    }

    @Test func targetsFollowTheDescription() throws {
        let regions = TinyModel(
            labels: ["background": 0, "whole": [1, 2, 3], "core": [2, 3], "tip": 3, "ignore": 4],
            otherDescription: ["regions_class_order": [1, 2, 3]])
        let description = try DatasetDescription(json: regions.descriptionJSON, path: "dataset.json")
        #expect(EvaluationTarget.targets(of: description).map(\.key) == ["(1, 2, 3)", "(2, 3)", "3"])
        let comparison = FolderComparison(description: description)
        #expect(comparison.ignoreLabel == 4)
        let plain = try DatasetDescription(json: TinyModel().descriptionJSON, path: "dataset.json")
        #expect(EvaluationTarget.targets(of: plain) == [.label(1)])
    }
}
