import Documents
import Prediction
import TestSupport
import Testing

@Suite struct TiledInferenceTests {
    /// Position codes: each voxel's value is its index, so a network that returns its input must give it back.
    static func indexImage(_ shape: [Int]) -> [Float] { (0..<shape.reduce(1, *)).map(Float.init) }

    @Test(arguments: [[18, 20, 17], [5, 20, 9], [6, 7, 5], [8, 8, 6], [40, 3, 30]], [1, 3])
    func aNetworkThatReturnsItsInputGivesTheImageBack(shape: [Int], batchSize: Int) throws {
        let network = FormulaNetwork(channels: 1, heads: 2, patchSize: [8, 8, 6], batchSize: batchSize, members: 2) {
            head, member, channels, _ in channels[0] * Float(1 + head) + Float(member)
        }
        let window = try SlidingWindow(imageShape: shape, patchSize: network.patchSize)
        let image = Self.indexImage(shape)
        let inference = TiledInference(window: window, mirrorAxes: [0, 1, 2])
        let logits = try inference.allLogits(image: image, network: network)
        for (index, value) in logits.enumerated() {
            let expected = image[index % image.count] * Float(1 + index / image.count) + 0.5
            #expect(abs(value - expected) <= 1e-6 * expected)
        }
        let perLayer = window.starts[1].count * window.starts[2].count * 8
        let callsPerLayer = (perLayer + batchSize - 1) / batchSize
        #expect(network.callCount == window.starts[0].count * 2 * callsPerLayer)
    }

    @Test func oneUnmirroredPatchIsPassedOnExactly() throws {
        let network = FormulaNetwork(channels: 1, heads: 1, patchSize: [4, 5, 6]) { _, _, channels, position in
            channels[0] * 0.37 + Float(position[0] * 100 + position[1] * 10 + position[2]) / 7
        }
        let window = try SlidingWindow(imageShape: [4, 5, 6], patchSize: [4, 5, 6])
        let image = Self.indexImage([4, 5, 6])
        let logits = try TiledInference(window: window).allLogits(image: image, network: network)
        for (index, value) in logits.enumerated() {
            #expect(value == image[index] * 0.37 + Float(index / 30 * 100 + index / 6 % 5 * 10 + index % 6) / 7)
        }
    }

    /// Fixtures/make_window.py: nnU-Net's own sliding window with the same formula.
    @Test(arguments: 0..<5, [1, 4]) func logitsAreThoseOfNNUNet(index: Int, batchSize: Int) throws {
        let fixture = try JSONValue(contentsOf: TestFiles.beside(#filePath, "Fixtures/window.json"))
        let run = try #require(fixture["runs"]?.array?[index])
        let shape = try #require(run["shape"]?.integers)
        let channels = try #require(run["channels"]?.integer)
        let network = FormulaNetwork(
            channels: channels, heads: 3, patchSize: try #require(run["patch"]?.integers), batchSize: batchSize,
            members: try #require(run["members"]?.integer)
        ) { head, member, values, position in
            let ramp = Float((3 * position[0] + 5 * position[1] + 7 * position[2] + 2 * head) % 11) / 11
            let mixed = values.enumerated().reduce(Float(0)) { $0 + $1.element * Float($1.offset + 1) }
            return mixed * ramp + Float(head) + Float(member * (head + 1)) / 10
        }
        let image = (0..<channels * shape.reduce(1, *)).map { index in
            let step = (37 * index + 11 * index * index) % 251
            return Float(Double(step) / 125 - 1)
        }
        let inference = TiledInference(
            window: try SlidingWindow(
                imageShape: shape, patchSize: network.patchSize, stepSize: try #require(run["step"]?.number)),
            mirrorAxes: try #require(run["axes"]?.integers))
        let logits = try inference.allLogits(image: image, network: network)
        let every = try #require(run["every"]?.integer)
        for (place, value) in try #require(run["values"]?.numbers).enumerated() {
            #expect(abs(Double(logits[place * every]) - value) < 2e-6)
        }
        #expect(abs(logits.reduce(0) { $0 + Double($1) } - (try #require(run["sum"]?.number))) < 1e-3)
    }

    @Test func outputThatIsNotFiniteIsAnErrorThatNamesTheSlice() throws {
        for bad in [Float.nan, .infinity, -.infinity] {
            let network = FormulaNetwork(channels: 1, heads: 2, patchSize: [4, 4, 4]) { head, _, channels, _ in
                head == 1 && channels[0] == 170 ? bad : 0
            }
            let window = try SlidingWindow(imageShape: [9, 5, 5], patchSize: [4, 4, 4])
            let error = #expect(throws: PredictionError.self) {
                try TiledInference(window: window).allLogits(image: Self.indexImage([9, 5, 5]), network: network)
            }
            #expect("\(try #require(error))".contains("not finite in slice 6"))
        }
    }
}
