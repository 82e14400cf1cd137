import Kernels
import Tensors
import Testing

@Suite struct ParameterKernelTests {
    /// w = 2, g = 3, scale ½, decay ¼, momentum ½, rate ⅛: g' = 2, m = 2, w = 2 − ⅛ (2 + 1); then with g = 1:
    /// g' = ½ + 13/32, m = 1 + g', w −= ⅛ (g' + ½ m).
    @Test func twoStepsByHand() {
        var (weight, momentum): ([Float], [Float]) = ([2], [99])
        func step(_ gradient: Float, isFirst: Bool) {
            ParameterKernels.descend(
                weights: &weight, momentumBuffer: &momentum, gradient: [gradient], count: 1, gradientScale: 0.5,
                rate: 0.125, momentum: 0.5, decay: 0.25, isFirst: isFirst)
        }
        step(3, isFirst: true)
        #expect(weight == [1.625] && momentum == [2])
        step(1, isFirst: false)
        #expect(momentum == [1.90625] && weight == [1.625 - 0.125 * (0.90625 + 0.953125)])
    }

    @Test("every element of any count takes its own step", arguments: [0, 1, 7, 15, 16, 17, 1000])
    func anyCount(count: Int) {
        let (start, gradient) = (ConvolutionCase.noise(count + 3, 40), ConvolutionCase.noise(count + 3, 41))
        var (weights, momentum) = (start, ConvolutionCase.noise(count + 3, 42))
        let before = momentum
        ParameterKernels.descend(
            weights: &weights, momentumBuffer: &momentum, gradient: gradient, count: count, gradientScale: 0.3,
            rate: 0.01, momentum: 0.99, decay: 3e-5, isFirst: false)
        for index in 0..<count {
            let g = 0.3 * Double(gradient[index]) + 3e-5 * Double(start[index])
            let m = 0.99 * Double(before[index]) + g
            #expect(abs(Double(momentum[index]) - m) <= 1e-6)
            #expect(abs(Double(weights[index]) - (Double(start[index]) - 0.01 * (g + 0.99 * m))) <= 1e-6)
        }
        #expect(weights.suffix(3) == start.suffix(3) && momentum.suffix(3) == before.suffix(3))
    }

    @Test("sums of squares are exact in float64, and not finite if an element is not", arguments: [0, 1, 15, 16, 1003])
    func sumOfSquares(count: Int) {
        let values = (0..<count).map { Float($0 - 5) }
        #expect(ParameterKernels.sumOfSquares(values, count: count) == values.reduce(0.0) { $0 + Double($1 * $1) })
        for poison in [Float.nan, .infinity] where count > 0 {
            for place in [0, count / 2, count - 1] {
                var poisoned = values
                poisoned[place] = poison
                #expect(!ParameterKernels.sumOfSquares(poisoned, count: count).isFinite)
            }
        }
        // The squares of large float32 numbers lie beyond float32.
        #expect(ParameterKernels.sumOfSquares([1e30, 1e30], count: 2).squareRoot().isFinite)
    }
}
