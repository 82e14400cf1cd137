/// Places buffers in one arena so that two that live at the same time never overlap.
///
/// Large buffers are placed first, each at the lowest offset that is free during its whole life.
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

    /// Fixes all offsets.
    package mutating func place() {
        var placed: [Int] = []
        for number in requests.indices.sorted(by: { requests[$0].byteCount > requests[$1].byteCount }) {
            let neighbours = placed.filter { requests[$0].life.overlaps(requests[number].life) }
                .sorted { requests[$0].offset < requests[$1].offset }
            var offset = 0
            for other in neighbours {
                if offset + requests[number].byteCount <= requests[other].offset { break }
                offset = max(offset, requests[other].offset + requests[other].byteCount)
            }
            requests[number].offset = offset
            byteCount = max(byteCount, offset + requests[number].byteCount)
            placed.append(number)
        }
    }
}
