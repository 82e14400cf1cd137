import Archives
import Datasets
import Documents
import Foundation
import Prediction
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct PredictorTests {
    static let shape = [9, 12, 17]

    /// Writes the images of a case and gives it back as a raw case.
    static func rawCase(_ identifier: String, in folder: String, channelCount: Int = 1) throws -> RawCase {
        try FileAccess.makeFolder(folder)
        let paths = try (0..<channelCount).map { channel in
            let path = "\(folder)/\(identifier)_000\(channel).nii.gz"
            try NIfTI.write(TinyModel.image(shape: shape), to: path)
            return path
        }
        return RawCase(identifier: identifier, imagePaths: paths, labelPath: nil)
    }

    static func preprocessor(_ model: TinyModel) throws -> Preprocessor {
        let plans = try Plans(json: model.plansJSON, path: "plans.json")
        return try Preprocessor(
            plans: plans, configuration: try plans.configuration(named: "3d_fullres"),
            description: try DatasetDescription(json: model.descriptionJSON, path: "dataset.json"))
    }

    @Test(arguments: [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]])
    func labelsComeBackToTheirPlaceInTheRawImage(transposeForward: [Int]) throws {
        try TestFiles.withTemporaryFolder { folder in
            let model = TinyModel(transposeForward: transposeForward)
            let rawCase = try Self.rawCase("case", in: folder)
            let prediction = try model.predictor().predict(rawCase, preprocessor: Self.preprocessor(model))
            let image = try NIfTI.read(rawCase.imagePaths[0])
            #expect(prediction.properties.shapeBeforeCropping == transposeForward.map { Self.shape[$0] })
            #expect(prediction.properties.shapeAfterCropping != prediction.properties.shapeBeforeCropping)
            #expect(prediction.labels.shape == Self.shape)
            #expect(prediction.labels.scalars == TinyModel.expectedLabels(image))

            let files = PredictionFiles(folder: folder, fileEnding: ".nii.gz")
            try files.write(prediction, identifier: "case")
            let written = try NIfTI.readLabels(files.labelPath("case"))
            #expect(written.labels == prediction.labels)
            #expect(written.geometry.agrees(with: image.geometry))
            #expect(written.storedType == .uint8)
            #expect(try FileAccess.list(folder) == ["case.nii.gz", "case_0000.nii.gz"])
        }
    }

    @Test func aCaseOfAnotherSpacingIsResampledThereAndBack() throws {
        try TestFiles.withTemporaryFolder { folder in
            let model = TinyModel(spacing: [0.7, 0.6, 0.8])
            // One bright block, so that interpolation decides at its surface alone.
            var image = TinyModel.image(shape: Self.shape)
            image.voxels = Tensor(shape: [1] + Self.shape, repeating: 0.25)
            for d in 2..<7 { for h in 3..<9 { for w in 4..<13 { image.voxels[0, d, h, w] = 0.75 } } }
            try NIfTI.write(image, to: folder + "/a_0000.nii.gz")
            let rawCase = RawCase(identifier: "a", imagePaths: [folder + "/a_0000.nii.gz"], labelPath: nil)
            let prediction = try model.predictor().predict(rawCase, preprocessor: Self.preprocessor(model))
            #expect(prediction.labels.scalars == TinyModel.expectedLabels(image))
        }
    }

    @Test func probabilitiesAreStoredWithTheProperties() throws {
        try TestFiles.withTemporaryFolder { folder in
            let model = TinyModel()
            let rawCase = try Self.rawCase("case", in: folder + "/in")
            let predictor = try model.predictor(settings: PredictionSettings(keepsProbabilities: true))
            let prediction = try predictor.predict(rawCase, preprocessor: Self.preprocessor(model))
            let out = folder + "/out"
            try FileAccess.makeFolder(out)
            let files = PredictionFiles(folder: out, fileEnding: ".nii.gz")
            #expect(!files.isComplete("case", withProbabilities: false))
            try files.write(prediction, identifier: "case")
            #expect(files.isComplete("case", withProbabilities: true))
            #expect(try FileAccess.list(out) == ["case.json", "case.nii.gz", "case.npz", "case.pkl"])

            let entry = try #require(try ZipEntries.read(files.probabilityPath("case")).first)
            #expect(entry.name == "probabilities.npy")
            let gzipPath = folder + "/p.gz"
            try Data(entry.gzip).write(to: URL(fileURLWithPath: gzipPath))
            let voxelCount = Self.shape.reduce(1, *)
            var bytes = [UInt8](repeating: 0, count: 128 + 8 * voxelCount + 1)
            let count = try bytes.withUnsafeMutableBytes { try GzipReader(path: gzipPath).read(into: $0) }
            #expect(count == 128 + 8 * voxelCount)
            let header = String(decoding: bytes[10..<128], as: UTF8.self)
            #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 9, 12, 17), }"))
            let values = bytes[128..<count].withUnsafeBytes { raw in
                (0..<2 * voxelCount).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            }
            #expect(values == prediction.probabilities?.scalars)
            // The first voxel lies outside the crop: background for certain.
            #expect(values[0] == 1 && values[voxelCount] == 0)
            let inside = try #require(prediction.labels.scalars.firstIndex(of: 1))
            #expect(abs(values[voxelCount + inside] - 1 / (1 + exp(-0.25))) < 1e-6)

            let properties = try JSONValue(contentsOf: files.propertiesPath("case"))
            #expect(properties["shape_before_cropping"]?.integers == Self.shape)
            #expect(properties["bbox_used_for_cropping"] == [[1, 8], [2, 11], [1, 14]])
            #expect(properties["shape_after_cropping_and_before_resampling"]?.integers == [7, 9, 13])
        }
    }

    @Test func ranksShareTheCasesAndOneFailureKeepsTheOthers() throws {
        try TestFiles.withTemporaryFolder { folder in
            let model = TinyModel()
            let identifiers = ["a", "b", "c", "d", "e"]
            var cases: [String: RawCase] = [:]
            for identifier in identifiers { cases[identifier] = try Self.rawCase(identifier, in: folder) }
            try FileAccess.replace(folder + "/c_0000.nii.gz", with: "no image")
            let files = PredictionFiles(folder: folder, fileEnding: ".nii.gz")
            let (predictor, preprocessor) = (try model.predictor(), try Self.preprocessor(model))
            var failures: [CaseFailure] = []
            for rank in 0..<2 {
                let queue = CaseQueue(identifiers, rank: rank, size: 2)
                #expect(queue.identifiers == (rank == 0 ? ["a", "c", "e"] : ["b", "d"]))
                failures += queue.run(into: files) { identifier, patches in
                    try predictor.predict(
                        try #require(cases[identifier]), preprocessor: preprocessor, progress: patches)
                }
            }
            #expect(failures.map(\.identifier) == ["c"])
            #expect(failures[0].reason.contains("c_0000.nii.gz"))
            #expect(identifiers.filter { files.isComplete($0, withProbabilities: false) } == ["a", "b", "d", "e"])
            let error = PredictionError.casesFailed(failures: failures, caseCount: 5)
            #expect(error.description.hasPrefix("1 of 5 cases failed, the others are complete:\n  c: "))
        }
    }
}
