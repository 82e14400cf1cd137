import Curriculum
import Tensors

extension Schedule {
    /// The stage of an iteration; a random schedule draws it from the seed and the iteration's number.
    public func stage(atIteration iteration: Int, seed: UInt64) -> Stage {
        stage(atIteration: iteration) { bound in
            var stream = RandomStream(seed: seed, purpose: .patchSize, iteration: iteration)
            return stream.integer(below: bound)
        }
    }
}

/// Which cases an iteration draws: a function of the seed and the iteration's number.
struct CaseDraw {
    let seed: UInt64
    let iteration: Int
    let deal: BatchDeal
    let caseCount: Int
    /// The cases of all volumes, where they are drawn together.
    private let shared: [Int]

    /// - Precondition: `caseCount ≥ 1`.
    init(seed: UInt64, iteration: Int, deal: BatchDeal, caseCount: Int) {
        self.seed = seed
        self.iteration = iteration
        self.deal = deal
        self.caseCount = caseCount
        var stream = RandomStream(seed: seed, purpose: .batch, iteration: iteration)
        shared =
            deal.drawsDistinctVolumes
            ? Self.distinct(deal.volumeCount, below: caseCount, using: &stream) : []
    }

    /// The case of sample `index`.
    func caseNumber(of index: Int) -> Int {
        let volume = deal[index].volume
        if deal.drawsDistinctVolumes { return shared[volume] }
        var stream = RandomStream(seed: seed, purpose: .batch, iteration: iteration, index: volume)
        return stream.integer(below: caseCount)
    }

    /// Random numbers below `bound` that differ from each other; when there are more than `bound` of them, every number
    /// comes once before any comes again.
    private static func distinct(_ count: Int, below bound: Int, using stream: inout RandomStream) -> [Int] {
        var numbers: [Int] = []
        numbers.reserveCapacity(count)
        while numbers.count < count {
            var remaining = Array(0..<bound)
            for place in 0..<min(bound, count - numbers.count) {
                remaining.swapAt(place, stream.integer(in: place...bound - 1))
                numbers.append(remaining[place])
            }
        }
        return numbers
    }
}
