import Datasets
import Threads

/// The open cases of some samples.
struct SampleSources {
    /// Every case once.
    private let sources: [PatchSource]
    /// By sample: which of the cases.
    private let slots: [Int]
    /// All samples, those of a case one after the other: its pages and lines are still at hand for the next patch.
    let order: [Int]

    /// Opens what is needed before anything is written.
    ///
    /// - Parameter numbers: by sample, the case's number.
    init(of numbers: [Int], from cases: CaseLibrary, channelCount: Int) throws(PatchError) {
        var wanted: [Int] = []
        var slotOfCase = [Int](repeating: -1, count: cases.count)
        slots = numbers.map { number in
            if slotOfCase[number] < 0 {
                slotOfCase[number] = wanted.count
                wanted.append(number)
            }
            return slotOfCase[number]
        }
        do throws(DatasetError) { sources = try cases.sources(wanted) } catch { throw .dataset(error) }
        for source in sources where source.channelCount != channelCount {
            throw .channelCount(identifier: source.identifier, found: source.channelCount, expected: channelCount)
        }
        order = Self.grouped(slots, slotCount: wanted.count)
    }

    var count: Int { slots.count }

    /// The case of a sample.
    subscript(sample: Int) -> PatchSource { sources[slots[sample]] }

    /// The samples sorted by slot, and by their number inside a slot.
    private static func grouped(_ slots: [Int], slotCount: Int) -> [Int] {
        var next = [Int](repeating: 0, count: slotCount + 1)
        for slot in slots { next[slot + 1] += 1 }
        for slot in 0..<slotCount { next[slot + 1] += next[slot] }
        var order = [Int](repeating: 0, count: slots.count)
        for (sample, slot) in slots.enumerated() {
            order[next[slot]] = sample
            next[slot] += 1
        }
        return order
    }
}

/// Where the samples of a batch go.
///
/// Safety: every sample writes its own part of the memory.
struct BatchFilling: @unchecked Sendable {
    let images: UnsafeMutablePointer<Float>
    let labels: UnsafeMutablePointer<Int16>
    /// Voxels of the image of one sample, all channels.
    let imageStride: Int
    /// Voxels of the labels of one sample.
    let labelStride: Int
    let labelManager: LabelManager
    let scratch: ScratchPool
    /// Gets the time of every step; then one thread does all.
    var profile: PatchProfile?

    /// Draws what one sample shows.
    typealias Planning = @Sendable (_ place: Int, _ source: PatchSource) -> PatchPlan

    /// Reads one sample.
    typealias Reading =
        @Sendable (
            _ place: Int, _ source: PatchSource, _ plan: PatchPlan, _ image: UnsafeMutablePointer<Float>,
            _ labels: UnsafeMutablePointer<Int16>, _ presence: UnsafeMutableBufferPointer<Bool>, _ scratch: PatchScratch
        ) -> Void

    /// Samples that a thread takes at a time where there are many.
    private static let largestPiece = 16

    /// Reads all samples on all threads.
    ///
    /// A thread takes several small ones at a time, and draws each before it reads the one in front of it, so that the
    /// memory of the next patch is on its way meanwhile.
    func run(
        _ samples: SampleSources, geometry: PatchGeometry, limit: Int?, plan: Planning, read: Reading
    ) -> BatchStatistics {
        let classes = labelManager.allLabels.filter { $0 > 0 }
        let labelCount = (classes.max() ?? 0) + 1
        let limit = profile == nil ? limit : 1
        let size = min(Self.largestPiece, max(1, samples.count / (8 * Threads.count)))
        let pieces = Threads.map((samples.count + size - 1) / size, limit: limit) { (piece) throws(Never) in
            scratch.withScratch { scratch in
                scratch.profile = profile
                defer { scratch.profile = nil }
                func drawn(_ turn: Int) -> PatchPlan {
                    let place = samples.order[turn]
                    let source = samples[place]
                    let drawn = plan(place, source)
                    drawn.prefetch(from: source, geometry: geometry)
                    scratch.profile?.mark(.draw)
                    return drawn
                }
                let turns = piece * size..<min(samples.count, (piece + 1) * size)
                var next = drawn(turns.lowerBound)
                return turns.map { turn in
                    let plan = next
                    if turn + 1 < turns.upperBound { next = drawn(turn + 1) }
                    let place = samples.order[turn]
                    let source = samples[place]
                    return withUnsafeTemporaryAllocation(of: Bool.self, capacity: labelCount) { presence in
                        presence.initialize(repeating: false)
                        read(
                            place, source, plan, images + place * imageStride, labels + place * labelStride, presence,
                            scratch)
                        return BatchStatistics.Sample(
                            identifier: source.identifier, isForced: plan.isForced,
                            classes: classes.filter { presence[$0] })
                    }
                }
            }
        }
        let found = pieces.flatMap(\.self)
        var turns = samples.order
        for (turn, place) in samples.order.enumerated() { turns[place] = turn }
        return BatchStatistics(samples: turns.map { found[$0] })
    }
}
