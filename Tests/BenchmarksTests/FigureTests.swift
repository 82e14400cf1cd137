import Benchmarks
import Testing

@Suite struct FigureTests {
    @Test("Median and percentiles lie between neighbors") func quantiles() {
        let times = TimeStatistics([5, 1, 3, 2, 4])
        #expect(times.median == 3 && times.quantile(0) == 1 && times.quantile(1) == 5)
        #expect(abs(times.p10 - 1.4) < 1e-12 && abs(times.p90 - 4.6) < 1e-12 && times.total == 15)
        #expect(TimeStatistics([1, 2]).median == 1.5)
        let one = TimeStatistics([7])
        #expect(one.median == 7 && one.p10 == 7 && one.p90 == 7)
    }

    @Test("Differences are measured against the largest value") func difference() {
        #expect(EngineComparison.difference([1, -4, 2], [1, -4, 2]) == 0)
        #expect(EngineComparison.difference([1, -3, 2], [1, -4, 2]) == 0.25)
        #expect(EngineComparison.difference([0.5], [0.25], leastScale: 2.5) == 0.1)
        #expect(EngineComparison.difference([.nan, 1], [1, 1]).isNaN)
        #expect(EngineComparison.difference([1, 1], [1, .nan]).isNaN)
        #expect(EngineComparison.difference([1], [0]) == .infinity)
        #expect(EngineComparison.difference([0, 0], [0, 0]) == 0)
    }

    @Test("A difference that is no number is beyond every limit") func limits() {
        func comparison(_ logits: Double, _ gradient: Double?) -> EngineComparison {
            EngineComparison(
                patchSize: [8, 8, 8], sampleCount: 2, reasonForPatch: nil, limits: .of(.fp32), logitDifference: logits,
                gradientDifference: gradient, worstParameter: gradient.map { _ in "w" })
        }
        #expect(comparison(1e-5, 1e-4).isWithinLimits && comparison(1e-5, nil).isWithinLimits)
        #expect(!comparison(.nan, nil).isWithinLimits && !comparison(1e-5, .nan).isWithinLimits)
        #expect(!comparison(1e-3, 1e-4).isWithinLimits && !comparison(1e-5, 1e-2).isWithinLimits)
        #expect(
            comparison(1.2345e-5, 1e-4).text
                == "logits differ by 1.2e-05 of the largest (limit 0.0001), gradients by 0.0001 (limit 0.001; w), "
                + "on 2 samples of 8×8×8")
    }

    @Test("Resident memory is read and its peak starts anew") func memory() {
        #expect(ResidentMemory.present > 1 << 20 && ResidentMemory.peak >= ResidentMemory.present / 2)
        #expect(ResidentMemory.bytes("VmHWM:", in: "Name:\tx\nVmHWM:\t  123 kB\nVmRSS:\t 7 kB\n") == 123 * 1024)
        #expect(ResidentMemory.bytes("VmHWM:", in: "") == 0)
    }
}
