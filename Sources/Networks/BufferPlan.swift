/// Places buffers in one arena so that two that live at the same time never overlap.
package struct BufferPlan {
    package struct Request {
        package let byteCount: Int
        /// First and last step at which the buffer holds something.
        package fileprivate(set) var life: ClosedRange<Int>
        package fileprivate(set) var offset = 0
    }

    package private(set) var requests: [Request] = []
    package private(set) var byteCount = 0

    package init() {}

    /// Asks for a buffer that lives from step `first`; returns its number.
    package mutating func request(byteCount: Int, at first: Int) -> Int {
        requests.append(Request(byteCount: (byteCount + 63) & ~63, life: first...first))
        return requests.count - 1
    }

    /// Keeps buffer `number` alive at step `step`.
    package mutating func extend(_ number: Int, to step: Int) {
        let life = requests[number].life
        requests[number].life = min(life.lowerBound, step)...max(life.upperBound, step)
    }

    /// Fixes all offsets: of a few orders in which buffers can be placed, the one that needs the least memory.
    package mutating func place() {
        let orders: [(Request) -> (Int, Int)] = [
            { (-$0.byteCount, $0.life.lowerBound) },
            { (-$0.life.count, -$0.byteCount) },
            { (-$0.life.count * $0.byteCount, $0.life.lowerBound) },
        ]
        var best: (offsets: [Int], byteCount: Int)?
        for key in orders {
            let found = offsets(placing: requests.indices.sorted { key(requests[$0]) < key(requests[$1]) })
            if best.map({ found.byteCount < $0.byteCount }) ?? true { best = found }
        }
        guard let best else { return }
        byteCount = best.byteCount
        for (number, offset) in best.offsets.enumerated() { requests[number].offset = offset }
    }

    /// Each buffer, in this order, at the lowest offset that is free during its whole life.
    private func offsets(placing order: [Int]) -> (offsets: [Int], byteCount: Int) {
        var offsets = [Int](repeating: 0, count: requests.count)
        var byteCount = 0
        var placed: [Int] = []
        for number in order {
            let neighbors = placed.filter { requests[$0].life.overlaps(requests[number].life) }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for other in neighbors {
                if offset + requests[number].byteCount <= offsets[other] { break }
                offset = max(offset, offsets[other] + requests[other].byteCount)
            }
            offsets[number] = offset
            byteCount = max(byteCount, offset + requests[number].byteCount)
            placed.append(number)
        }
        return (offsets, byteCount)
    }
}
