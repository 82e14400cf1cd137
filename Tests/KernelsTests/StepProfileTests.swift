import Kernels
import Testing

@Suite struct StepProfileTests {
    private struct Failure: Error, Equatable {}

    @Test("Only what is measured has a time, and results and errors pass") func passing() throws {
        let profile: StepProfile? = StepProfile()
        #expect(profile.measure(.loss) { 7 } == 7)
        #expect(throws: Failure()) { try profile.measure(.optimizer) { throw Failure() } }
        for kind in StepProfile.Kind.allCases {
            #expect((profile?.seconds(kind) ?? -1) >= 0)
            if kind != .loss, kind != .optimizer { #expect(profile?.seconds(kind) == 0) }
        }
        let none: StepProfile? = nil
        #expect(none.measure(.loss) { 8 } == 8)
    }

    @Test("The time of an inner measurement does not belong to the outer one") func nesting() {
        let profile: StepProfile? = StepProfile()
        var (work, inner) = (0.0, ContinuousClock.Duration.zero)
        let whole = ContinuousClock().measure {
            profile.measure(.other) {
                for _ in 0..<3 {
                    inner += ContinuousClock().measure {
                        profile.measure(.loss) { for index in 0..<100_000 { work += Double(index).squareRoot() } }
                    }
                }
            }
        }
        #expect(work > 0)
        let (loss, other) = (profile?.seconds(.loss) ?? 0, profile?.seconds(.other) ?? 0)
        // Bounds that hold however slow the machine is: each measurement lies inside a measured one.
        #expect(loss > 0 && loss <= inner / .seconds(1))
        #expect(other >= 0 && loss + other <= whole / .seconds(1))
    }

    @Test("The machine does something") func machine() {
        #expect(MachineLimits.multiplyAddRate() > 1e6)
        #expect((MachineLimits.bfloat16Rate() ?? .infinity) > 1e6)
    }
}
