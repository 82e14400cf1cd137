import Documents
import Prediction
import TestSupport
import Testing

@Suite struct SlidingWindowTests {
    @Test(arguments: [
        (110, 64, 0.5, [0, 23, 46]), (54, 50, 0.5, [0, 4]),
        (123, 22, 0.5, [0, 10, 20, 30, 40, 50, 61, 71, 81, 91, 101]),
        (600, 96, 0.5, [0, 46, 92, 137, 183, 229, 275, 321, 367, 412, 458, 504]), (64, 64, 0.5, [0]),
        (65, 64, 1, [0, 1]),
        (128, 64, 1, [0, 64]), (10, 4, 0.25, [0, 1, 2, 3, 4, 5, 6]), (9, 4, 0.5, [0, 2, 3, 5]),
    ]) func startsAreThoseOfNNUNet(size: Int, patch: Int, stepSize: Double, expected: [Int]) {
        #expect(SlidingWindow.starts(size: size, patch: patch, stepSize: stepSize) == expected)
    }

    @Test func aSmallImageIsPaddedAroundItsMiddle() throws {
        let window = try SlidingWindow(imageShape: [3, 34, 55], patchSize: [3, 96, 64])
        #expect(window.padding == [0, 31, 4])
        #expect(window.paddedShape == [3, 96, 64])
        #expect(window.tileCount == 1)
    }

    @Test(arguments: [0, -0.5, 1.01, Double.nan]) func impossibleStepSizesAreRefused(stepSize: Double) throws {
        let error = #expect(throws: PredictionError.self) {
            try SlidingWindow(imageShape: [8, 8, 8], patchSize: [4, 4, 4], stepSize: stepSize)
        }
        #expect("\(try #require(error))".contains("step size"))
    }

    @Test func mirroringsAreAllSubsets() {
        #expect(PassMirroring.subsets(of: []) == [.none])
        #expect(
            PassMirroring.subsets(of: [2, 0]).map(\.isFlipped)
                == [[false, false, false], [true, false, false], [false, false, true], [true, false, true]])
        #expect(PassMirroring.subsets(of: [0, 1, 2]).count == 8)
    }

    @Test func theMapAlongOneAxisHasThePublishedValues() {
        let weights = GaussianMap(patchSize: [8]).weights()
        let expected: [Float] = [0.003355, 0.11109, 1.353353, 6.065307, 10, 6.065307, 1.353353, 0.11109]
        for (weight, value) in zip(weights, expected) { #expect(abs(weight - value) < 1e-6 * max(1, value)) }
    }

    @Test func theMapIsThatOfNNUNet() throws {
        let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/window.json"))
        for map in try #require(fixture["maps"]?.array) {
            let expected = try #require(map["values"]?.numbers)
            let weights = GaussianMap(patchSize: try #require(map["patch"]?.integers)).weights()
            #expect(weights.count == expected.count)
            for (weight, value) in zip(weights, expected) {
                #expect(abs(Double(weight) - value) <= 2e-7 * value)
            }
        }
    }
}
