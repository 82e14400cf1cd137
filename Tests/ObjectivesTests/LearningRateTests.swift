import Objectives
import Testing

@Suite struct LearningRateTests {
    @Test(
        "polynomial rates over 1000 epochs are nnU-Net's",
        arguments: [(0, 0.01), (1, 0.0099909995), (500, 0.0053588673), (999, 1.9952623e-5)])
    func polynomial(epoch: Int, rate: Double) {
        #expect(abs(LearningRate.polynomial(epoch: epoch, epochs: 1000) / rate - 1) <= 1e-7)
    }

    @Test func fallsToNothing() {
        let rates = (0...7).map { LearningRate.polynomial(epoch: $0, epochs: 7) }
        #expect(rates[0] == 0.01 && rates[7] == 0)
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
        #expect(LearningRate.polynomial(epoch: 0, epochs: 1, initial: 3) == 3)
    }

    @Test("weights of the supervised levels: halves down from the highest, sum 1, the lowest left out")
    func levelWeights() {
        func expectWeights(_ count: Int, _ expected: [Double]) {
            let weights = LossDescription.levelWeights(decoderLevelCount: count)
            #expect(weights.count == expected.count)
            for (weight, right) in zip(weights, expected) { #expect(abs(weight - right) <= 1e-15) }
        }
        expectWeights(6, [16, 8, 4, 2, 1].map { $0 / 31 })
        expectWeights(5, [8, 4, 2, 1].map { $0 / 15 })
        expectWeights(3, [2.0 / 3, 1.0 / 3])
        expectWeights(2, [1])
        // nnU-Net divides by 0 here; one level has the whole weight.
        expectWeights(1, [1])
    }
}
