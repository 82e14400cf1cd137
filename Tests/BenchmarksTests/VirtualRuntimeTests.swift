import Benchmarks
import Testing

@Suite struct VirtualRuntimeTests {
    /// 10 iterations of 0.1 s and 30 of 1 s: 31 s, where cps takes 40 s.
    @Test func byHand() {
        let runtime = VirtualRuntime(
            scheme: "pgps-efficiency",
            stages: [
                .init(
                    patchSize: [8, 8, 8], batchSize: 2, iterationCount: 10, secondsPerIteration: 0.1, dataSeconds: 0.02),
                .init(
                    patchSize: [16, 16, 16], batchSize: 2, iterationCount: 30, secondsPerIteration: 1, dataSeconds: 0),
            ])
        #expect(runtime.seconds == 31)
        #expect(runtime.constantSeconds == 40)
        #expect(runtime.share == 0.775)
        #expect(abs(runtime.stages[0].dataFactor - 1.25) < 1e-12 && runtime.stages[1].dataFactor == 1)
        #expect(runtime.json["share"]?.number == 0.775)
    }
}
