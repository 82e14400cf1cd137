import Networks
import Testing

@Suite struct InitialWeightsTests {
    @Test(
        "weights are normal with PyTorch's deviation, biases 0, norm scales 1, the last ones of residual blocks 0",
        arguments: NetworkFixture.all.filter { !$0.testDescription.hasPrefix("Lung") })
    func agreesWithPyTorch(network: NetworkFixture) throws {
        let layout = network.architecture.parameterLayout
        let weights = network.architecture.initialWeights(seed: 7)
        #expect(weights.count == layout.scalarCount)
        for parameter in network.parameters {
            let entry = try #require(layout[parameter.name])
            let values = weights.elements[entry.range].map(Double.init)
            guard let deviation = parameter.deviation else {
                let value = try #require(parameter.value)
                #expect(values.allSatisfy { $0 == value }, "\(parameter.name)")
                continue
            }
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            let found = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
            // Five standard errors of a mean and of a deviation.
            #expect(abs(mean) <= 5 * deviation / count.squareRoot(), "mean \(mean) of \(parameter.name)")
            #expect(
                abs(found / deviation - 1) <= 5 / (2 * count).squareRoot(),
                "deviation \(found) of \(parameter.name), not \(deviation)")
            // A normal distribution, not one cut off: 4.55 % lie beyond two deviations.
            if values.count >= 10_000 {
                let beyond = Double(values.count { abs($0) > 2 * deviation }) / count
                #expect(abs(beyond - 0.0455) <= 0.012, "\(beyond) of \(parameter.name) beyond two deviations")
            }
        }
    }

    @Test func isAFunctionOfTheSeed() throws {
        let architecture = try #require(NetworkFixture.all.first { $0.isResidual && $0.parameters.count < 200 })
            .architecture
        let (one, again, other) = (
            architecture.initialWeights(seed: 1).array, architecture.initialWeights(seed: 1).array,
            architecture.initialWeights(seed: 2).array
        )
        #expect(one == again)
        for entry in architecture.parameterLayout.entries where entry.shape.count > 1 {
            #expect(zip(one[entry.range], other[entry.range]).allSatisfy { $0 != $1 }, "\(entry.name)")
        }
        // The high bits of a seed count too.
        #expect(one != architecture.initialWeights(seed: 1 | 1 << 40).array)
    }

    @Test("each tensor has its own stream") func tensorsDiffer() throws {
        let architecture = try #require(NetworkFixture.all.first).architecture
        let weights = architecture.initialWeights(seed: 1)
        let starts = architecture.parameterLayout.entries.filter { $0.shape.count > 1 }.map { entry in
            // The first value in units of the tensor's deviation.
            weights.pointer[entry.offset] * Float(entry.shape.dropFirst().reduce(1, *)).squareRoot()
        }
        #expect(Set(starts).count == starts.count)
    }
}
