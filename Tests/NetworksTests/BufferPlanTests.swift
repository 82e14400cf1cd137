import Networks
import Tensors
import Testing

@Suite struct BufferPlanTests {
    @Test("of random lives, no two living buffers overlap", arguments: 0..<40) func livingBuffersAreApart(trial: Int) {
        var random = RandomStream(seed: 11, purpose: .test, index: trial)
        var plan = BufferPlan()
        let (count, steps) = (random.integer(in: 1...60), random.integer(in: 1...40))
        for number in 0..<count {
            // Some of equal size, some of a few bytes, some of none.
            let (small, large) = (random.integer(below: 100), random.integer(below: 1 << 20))
            let byteCount = [0, small, 4096, large][random.integer(below: 4)]
            let first = random.integer(below: steps)
            #expect(plan.request(byteCount: byteCount, at: first) == number)
            #expect(plan.requests[number].byteCount >= byteCount && plan.requests[number].byteCount % 64 == 0)
            for _ in 0..<random.integer(below: 3) {
                let step = random.integer(below: steps)
                plan.extend(number, to: step)
                #expect(plan.requests[number].life.contains(first) && plan.requests[number].life.contains(step))
            }
        }
        plan.place()
        for (index, one) in plan.requests.enumerated() {
            #expect(one.offset >= 0 && one.offset % 64 == 0 && one.offset + one.byteCount <= plan.byteCount)
            for other in plan.requests.dropFirst(index + 1) where one.life.overlaps(other.life) {
                #expect(
                    one.offset + one.byteCount <= other.offset || other.offset + other.byteCount <= one.offset
                        || one.byteCount == 0 || other.byteCount == 0,
                    "\(one) and \(other) overlap in trial \(trial)")
            }
        }
        let busiest =
            (0..<steps).map { step in
                plan.requests.filter { $0.life.contains(step) }.reduce(0) { $0 + $1.byteCount }
            }.max() ?? 0
        let total = plan.requests.reduce(0) { $0 + $1.byteCount }
        #expect(plan.byteCount >= busiest && plan.byteCount <= total)
    }

    /// A chain of four steps in which each buffer is read by the next: two of them are enough.
    @Test func aChainTakesTurns() {
        var plan = BufferPlan()
        for step in 0..<4 { plan.extend(plan.request(byteCount: 100, at: step), to: step + 1) }
        plan.place()
        #expect(plan.requests.map(\.offset) == [0, 128, 0, 128])
        #expect(plan.byteCount == 256)
    }

    /// The gap that a large buffer leaves takes a small one, not the end of the arena.
    @Test func aGapIsFilled() {
        var plan = BufferPlan()
        plan.extend(plan.request(byteCount: 640, at: 0), to: 1)
        plan.extend(plan.request(byteCount: 320, at: 1), to: 3)
        plan.extend(plan.request(byteCount: 192, at: 2), to: 4)
        plan.place()
        #expect(plan.requests.map(\.offset) == [0, 640, 0])
        #expect(plan.byteCount == 960)
    }
}
