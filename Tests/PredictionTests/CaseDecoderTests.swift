import Datasets
import Documents
import Prediction
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct CaseDecoderTests {
    /// The formula of Fixtures/make_export.py.
    static func logits(_ count: Int) -> [Float] {
        (0..<count).map { index in
            let step = (7919 * index + 31 * index * index) % 1009
            return Float(Double(step) / 126 - 4)
        }
    }

    /// Hands a volume `[heads, D, H, W]` over in slabs of `depth` slices.
    static func decode(
        _ logits: [Float], shape: [Int], heads: Int, depth: Int, with decoder: CaseDecoder
    ) throws -> (labels: Tensor<Int32>, probabilities: Tensor<Float>?) {
        let plane = shape[1] * shape[2]
        for first in stride(from: 0, to: shape[0], by: depth) {
            let slices = first..<min(first + depth, shape[0])
            let part = (0..<heads).flatMap { head in
                logits[(head * shape[0] + slices.lowerBound) * plane..<(head * shape[0] + slices.upperBound) * plane]
            }
            part.withUnsafeBufferPointer { part in
                guard let base = part.baseAddress else { return }
                decoder.receive(LogitsSlab(slices: slices, logits: base))
            }
        }
        return decoder.finish()
    }

    @Test(arguments: 0..<10, [1, 3, 100]) func labelsAndProbabilitiesAreThoseOfNNUNet(index: Int, depth: Int) throws {
        let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/export.json"))
        let run = try #require(fixture.array?[index])
        var description: JSONObject = ["channel_names": ["0": "x"], "numTraining": 1, "file_ending": ".nii.gz"]
        description["labels"] = run["labels"]
        if run["order"]?.isNull == false { description["regions_class_order"] = run["order"] }
        let labelManager = try DatasetDescription(json: .object(description), path: "dataset.json").labelManager
        let shape = try #require(run["shape"]?.integers)
        let grid = OriginalGrid(
            shapeBeforeCropping: try #require(run["before"]?.integers), cropLower: try #require(run["lower"]?.integers),
            cropShape: try #require(run["crop"]?.integers), spacing: try #require(run["spacing"]?.numbers),
            transposeForward: try #require(run["forward"]?.integers))
        let expected = run["probabilities"]?.numbers
        let decoder = CaseDecoder(
            sourceShape: shape, grid: grid, currentSpacing: try #require(run["current"]?.numbers),
            rule: ResamplingRule(order: .linear), labelManager: labelManager, keepsProbabilities: expected != nil)
        let heads = labelManager.headCount
        let result = try Self.decode(
            Self.logits(heads * shape.reduce(1, *)), shape: shape, heads: heads, depth: depth, with: decoder)
        #expect(result.labels.shape == run["resultShape"]?.integers)
        #expect(result.labels.scalars.map(String.init).joined() == run["result"]?.string)
        if let expected {
            let probabilities = try #require(result.probabilities)
            #expect(probabilities.shape == run["probabilityShape"]?.integers)
            let every = try #require(run["every"]?.integer)
            for (place, value) in expected.enumerated() {
                #expect(abs(Double(probabilities.scalars[place * every]) - value) < 3e-7)
            }
        }
    }

    @Test func tiesGoToTheLowerLabel() throws {
        let grid = OriginalGrid(
            shapeBeforeCropping: [2, 2, 2], cropLower: [0, 0, 0], cropShape: [2, 2, 2], spacing: [1, 1, 1],
            transposeForward: [0, 1, 2])
        for keeps in [false, true] {
            let decoder = CaseDecoder(
                sourceShape: [1, 1, 1], grid: grid, currentSpacing: [2, 2, 2], rule: ResamplingRule(order: .linear),
                labelManager: LabelManager(allLabels: [0, 1, 2, 3]), keepsProbabilities: keeps)
            let result = try Self.decode([-1, 2.5, 2.5, 2.5], shape: [1, 1, 1], heads: 4, depth: 1, with: decoder)
            #expect(result.labels.scalars == Array(repeating: 1, count: 8))
        }
    }

    @Test func aProbabilityOfOneHalfIsOutsideTheRegion() throws {
        let grid = OriginalGrid(
            shapeBeforeCropping: [1, 1, 4], cropLower: [0, 0, 0], cropShape: [1, 1, 4], spacing: [1, 1, 1],
            transposeForward: [0, 1, 2])
        let manager = LabelManager(allLabels: [0, 1, 2], regions: [[1, 2], [2]], regionsClassOrder: [1, 2])
        let decoder = CaseDecoder(
            sourceShape: [1, 1, 4], grid: grid, currentSpacing: [1, 1, 1], rule: ResamplingRule(order: .linear),
            labelManager: manager)
        let result = try Self.decode(
            [0, 1e-9, 1e-5, 3, -1, -1, 1, -0.1], shape: [1, 1, 4], heads: 2, depth: 1, with: decoder)
        #expect(result.labels.scalars == [0, 0, 2, 1])
    }

    /// Cubic interpolation takes one class after the other; the result must be that of the resampled whole.
    @Test(arguments: [false, true], [false, true])
    func classesByThemselvesGiveWhatAllTogetherGive(hasRegions: Bool, keepsProbabilities: Bool) throws {
        let (source, crop) = ([5, 6, 9], [8, 11, 7])
        let manager =
            hasRegions
            ? LabelManager(
                allLabels: [0, 1, 2, 3], regions: [[1, 2, 3], [2, 3], [3]], regionsClassOrder: [2, 1, 3])
            : LabelManager(allLabels: [0, 1, 2])
        let grid = OriginalGrid(
            shapeBeforeCropping: [12, 14, 9], cropLower: [1, 2, 1], cropShape: crop, spacing: [1, 1, 1],
            transposeForward: [2, 0, 1])
        func decoder(_ shape: [Int]) -> CaseDecoder {
            CaseDecoder(
                sourceShape: shape, grid: grid, currentSpacing: [1.6, 1.8, 0.8], rule: ResamplingRule(order: .cubic),
                labelManager: manager, keepsProbabilities: keepsProbabilities)
        }
        let logits = Self.logits(3 * source.reduce(1, *))
        let whole = Resampling.resample(
            Tensor(shape: [3] + source, scalars: logits), to: crop, currentSpacing: [1.6, 1.8, 0.8],
            newSpacing: [1, 1, 1], order: .cubic)
        let expected = try Self.decode(whole.scalars, shape: crop, heads: 3, depth: 4, with: decoder(crop))
        let result = try Self.decode(logits, shape: source, heads: 3, depth: 2, with: decoder(source))
        #expect(result.labels == expected.labels)
        #expect(result.probabilities == expected.probabilities)
        #expect(Set(expected.labels.scalars).count == manager.allLabels.count)
        #expect((result.probabilities == nil) != keepsProbabilities)
    }
}
