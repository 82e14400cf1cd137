import Curriculum
import Datasets
import Tensors
import Threads

/// Times the reading of training patches of one size, without a network.
public struct DataBenchmark: Sendable {
    /// The patch, its number in a batch, and how often it was read how fast.
    public struct Measurement: Sendable {
        /// `[D, H, W]`.
        public let patchSize: [Int]
        public let batchSize: Int
        public let construction: BatchConstruction
        public let threadCount: Int
        /// Of every batch, in the order of the iterations.
        public let seconds: [Double]
        /// Steps of a patch by name, and the part of the time that each takes on one thread.
        public let profile: [(step: String, share: Double)]

        public var patchCount: Int { seconds.count * batchSize }
        /// Time of one thread per patch, the mean over all draws of the augmentation.
        public var threadSecondsPerPatch: Double {
            seconds.reduce(0, +) * Double(threadCount) / Double(max(patchCount, 1))
        }
        /// Seconds of a batch at `share` (0…1) of the sorted list.
        public func seconds(atShare share: Double) -> Double {
            let sorted = seconds.sorted()
            return sorted.isEmpty ? 0 : sorted[Int((share * Double(sorted.count - 1)).rounded())]
        }
    }

    /// The cases that patches are cut from.
    public struct Material: Sendable {
        public let cases: CaseLibrary
        public let channelCount: Int
        /// One entry per channel; true where voxels outside the image's mask stay 0.
        public let maskedChannels: [Bool]
        public let labels: LabelManager

        public init(cases: CaseLibrary, channelCount: Int, maskedChannels: [Bool], labels: LabelManager) {
            self.cases = cases
            self.channelCount = channelCount
            self.maskedChannels = maskedChannels
            self.labels = labels
        }

        /// Opens all cases on all threads, so that no batch waits for it; returns the seconds that it took.
        public func open() throws(PatchError) -> Double {
            let clock = ContinuousClock()
            let start = clock.now
            do throws(DatasetError) {
                _ = try cases.sources(Array(0..<cases.count))
            } catch { throw .dataset(error) }
            return start.duration(to: clock.now) / .seconds(1)
        }
    }

    private let material: Material
    private let schedule: Schedule
    public let stage: Stage
    private let images: AlignedBuffer<Float>
    private let labels: AlignedBuffer<Int16>

    /// Iterations that every stage has at least.
    private static let iterationCount = 10_000_000

    /// Makes room for one batch.
    ///
    /// A patch that is a stage of `pgps-performance` under the plan is read in that stage's batch; another one in a
    /// batch of as many voxels as the plan's, but at least two.
    ///
    /// - Parameters:
    ///   - patchSize: what is read.
    ///   - plan: the patch, poolings and batch of the plan.
    /// - Throws: ``CurriculumError`` when the numbers are out of range.
    public init(
        patchSize: [Int], plan: (patchSize: [Int], poolings: [Int], batchSize: Int), material: Material
    ) throws(CurriculumError) {
        let planned = try Schedule(
            scheme: .pgpsPerformance, maximalPatchSize: plan.patchSize, poolings: plan.poolings,
            batchSize: plan.batchSize, epochs: Self.iterationCount, iterationsPerEpoch: 1)
        if let found = planned.stages.first(where: { $0.patchSize == patchSize }) {
            (schedule, stage) = (planned, found)
        } else {
            let voxels = plan.patchSize.reduce(plan.batchSize, *)
            schedule = try Schedule(
                scheme: .pgpsPerformance, maximalPatchSize: patchSize, poolings: [0, 0, 0],
                batchSize: max(2, voxels / max(1, patchSize.reduce(1, *))), epochs: Self.iterationCount,
                iterationsPerEpoch: 1)
            stage = schedule.stages[schedule.stages.count - 1]
        }
        self.material = material
        labels = AlignedBuffer(count: stage.voxelsPerIteration)
        images = AlignedBuffer(count: stage.voxelsPerIteration * material.channelCount)
    }

    /// Compares a batch read by one thread with the same one read by all.
    ///
    /// - Throws: ``PatchError/notReproducible(patchSize:threadCount:)``, and what reading throws.
    public func verify(_ construction: BatchConstruction) throws(PatchError) {
        let batches = try batches(construction)
        try fill(batches, stage.firstIteration, threadLimit: 1)
        let expected = bits
        try fill(batches, stage.firstIteration, threadLimit: nil)
        guard bits == expected else {
            throw .notReproducible(patchSize: stage.patchSize, threadCount: Threads.count)
        }
    }

    /// Reads batches of every construction in turn, the same iterations of each, after one that is not counted.
    ///
    /// - Parameter seconds: time for each construction; at least ten batches are read.
    public func run(_ constructions: [BatchConstruction], seconds: Double) throws(PatchError) -> [Measurement] {
        var found = [[Double]](repeating: [], count: constructions.count)
        var profiles: [PatchProfile] = []
        let clock = ContinuousClock()
        let sources = try constructions.map { (construction) throws(PatchError) in try batches(construction) }
        for batches in sources { try fill(batches, stage.firstIteration, threadLimit: nil) }
        var total = 0.0
        while total < seconds * Double(constructions.count) || found[0].count < 10 {
            for (index, batches) in sources.enumerated() {
                let start = clock.now
                try fill(batches, stage.firstIteration + 1 + found[index].count, threadLimit: nil)
                let duration = start.duration(to: clock.now) / .seconds(1)
                found[index].append(duration)
                total += duration
            }
        }
        for batches in sources { profiles.append(try profile(batches, iterationCount: max(3, found[0].count / 4))) }
        return constructions.indices.map { index in
            Measurement(
                patchSize: stage.patchSize, batchSize: stage.batchSize, construction: constructions[index],
                threadCount: Threads.count, seconds: found[index],
                profile: profiles[index].shares.map { ($0.step.rawValue, $0.share) })
        }
    }

    private func batches(_ construction: BatchConstruction) throws(PatchError) -> TrainingBatches {
        try TrainingBatches(
            cases: material.cases, channelCount: material.channelCount, maskedChannels: material.maskedChannels,
            labels: material.labels, schedule: schedule, seed: 1, construction: construction)
    }

    private func fill(_ batches: TrainingBatches, _ iteration: Int, threadLimit: Int?) throws(PatchError) {
        try batches.fill(
            iteration: iteration, samples: 0..<stage.batchSize, images: images.pointer, labels: labels.pointer,
            threadLimit: threadLimit)
    }

    private func profile(_ batches: TrainingBatches, iterationCount: Int) throws(PatchError) -> PatchProfile {
        let profile = PatchProfile()
        for iteration in stage.firstIteration..<stage.firstIteration + iterationCount {
            try batches.fill(
                iteration: iteration, samples: 0..<stage.batchSize, images: images.pointer, labels: labels.pointer,
                profile: profile)
        }
        return profile
    }

    /// A number that hardly two different batches share (Fowler, Noll and Vo's hash).
    private var bits: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for value in images.elements { hash = (hash ^ UInt64(value.bitPattern)) &* 0x100_0000_01B3 }
        for label in labels.elements { hash = (hash ^ UInt64(UInt16(bitPattern: label))) &* 0x100_0000_01B3 }
        return hash
    }
}
