import Datasets
import Threads

/// The open cases of some samples, one per sample.
struct SampleSources {
    let sources: [PatchSource]

    /// Opens what is needed before anything is written.
    init(of numbers: [Int], from cases: CaseLibrary, channelCount: Int) throws(PatchError) {
        var found: [PatchSource] = []
        found.reserveCapacity(numbers.count)
        for number in numbers {
            do throws(DatasetError) { found.append(try cases.source(number)) } catch { throw .dataset(error) }
            if let last = found.last, last.channelCount != channelCount {
                throw .channelCount(
                    identifier: last.identifier, found: last.channelCount, expected: channelCount)
            }
        }
        sources = found
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

    /// Reads one sample and returns whether it had to show foreground.
    typealias Reading = @Sendable (
        _ place: Int, _ source: PatchSource, _ image: UnsafeMutablePointer<Float>,
        _ labels: UnsafeMutablePointer<Int16>, _ presence: UnsafeMutableBufferPointer<Bool>, _ scratch: PatchScratch
    ) -> Bool

    /// Reads all samples on all threads.
    func run(_ samples: SampleSources, limit: Int?, _ read: Reading) -> BatchStatistics {
        let classes = labelManager.allLabels.filter { $0 > 0 }
        let labelCount = (classes.max() ?? 0) + 1
        let results = Threads.map(samples.sources.count, limit: limit) { (place) throws(Never) in
            let source = samples.sources[place]
            return scratch.withScratch { scratch in
                withUnsafeTemporaryAllocation(of: Bool.self, capacity: labelCount) { presence in
                    presence.initialize(repeating: false)
                    let isForced = read(
                        place, source, images + place * imageStride, labels + place * labelStride, presence, scratch)
                    return BatchStatistics.Sample(
                        identifier: source.identifier, isForced: isForced, classes: classes.filter { presence[$0] })
                }
            }
        }
        return BatchStatistics(samples: results)
    }
}
