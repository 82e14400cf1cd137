import Curriculum
import Datasets
import Tensors
import Threads

/// Times the reading of training patches, without a network and without files.
public struct DataBenchmark: Sendable {
    /// What one run took.
    public struct Measurement: Sendable {
        public let patchCount: Int
        public let seconds: Double
        public let threadCount: Int

        /// Time of one thread per patch.
        public var threadSecondsPerPatch: Double { seconds * Double(threadCount) / Double(max(patchCount, 1)) }
    }

    private let batches: TrainingBatches
    private let images: AlignedBuffer<Float>
    private let labels: AlignedBuffer<Int16>

    /// Makes a case of a few smooth classes, larger than the patch, and room for one batch.
    ///
    /// - Parameter batchSize: patches read at a time.
    /// - Throws: ``CurriculumError`` when the numbers are out of range.
    public init(patchSize: [Int], channelCount: Int = 1, batchSize: Int) throws(CurriculumError) {
        let schedule = try Schedule(
            scheme: .cps, maximalPatchSize: patchSize, poolings: [0, 0, 0], batchSize: batchSize, epochs: 10_000_000,
            iterationsPerEpoch: 1)
        let size = patchSize.map { $0 + $0 / 2 + 8 }
        var values: [Float] = []
        var classes: [Int16] = []
        var voxels: [SIMD3<Int32>] = []
        for d in 0..<size[0] {
            for h in 0..<size[1] {
                for w in 0..<size[2] {
                    let height = [d, h, w].map { Float($0 % 32) / 32 }
                    let value = height[0] * (1 - height[1]) + height[1] * height[2]
                    values.append(value)
                    classes.append(Int16(value * 2.5))
                    if classes[classes.count - 1] > 0, (d + h + w) % 101 == 0 {
                        voxels.append(SIMD3(Int32(d), Int32(h), Int32(w)))
                    }
                }
            }
        }
        let source = PatchSource(
            identifier: "benchmark",
            image: Tensor(
                shape: [channelCount] + size, scalars: Array((0..<channelCount).map { _ in values }.joined())),
            labels: Tensor(shape: size, scalars: classes),
            locations: [ClassLocations(key: [1], voxels: VoxelList(voxels))])
        do throws(PatchError) {
            batches = try TrainingBatches(
                cases: CaseLibrary([source]), channelCount: channelCount, maskedChannels: [],
                labels: LabelManager(allLabels: [0, 1, 2]), schedule: schedule, seed: 1)
        } catch { preconditionFailure("one case suffices: \(error)") }
        let voxelCount = batchSize * patchSize.reduce(1, *)
        images = AlignedBuffer(count: voxelCount * channelCount)
        labels = AlignedBuffer(count: voxelCount)
    }

    /// Reads `iterationCount` batches, after one that is not counted.
    public func run(iterationCount: Int) -> Measurement {
        let batchSize = batches.schedule.batchSize
        let clock = ContinuousClock()
        var seconds = 0.0
        for iteration in 0...iterationCount {
            let duration = clock.measure {
                _ = try? batches.fill(
                    iteration: iteration, samples: 0..<batchSize, images: images.pointer, labels: labels.pointer)
            }
            if iteration > 0 { seconds += duration / .seconds(1) }
        }
        return Measurement(patchCount: iterationCount * batchSize, seconds: seconds, threadCount: Threads.count)
    }
}
