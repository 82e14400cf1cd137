import Curriculum
import Datasets
import Tensors
import Threads

/// The training batches of a run, cut and augmented on demand.
///
/// Sample i of iteration t is a function of the seed, t and i: any rank may read any part of a batch at any time, on
/// any number of threads, and gets the same bits. There is no state to save.
public final class TrainingBatches: Sendable {
    public let schedule: Schedule
    public let seed: UInt64
    public let construction: BatchConstruction
    public let cases: CaseLibrary
    public let channelCount: Int
    private let maskedChannels: [Bool]
    private let mirrorAxes: SIMDMask<SIMD3<Int>>
    private let labels: LabelManager
    private let scratch = ScratchPool()

    /// - Parameters:
    ///   - maskedChannels: one entry per channel; true where voxels outside the image's mask stay 0 (the plans'
    ///     `use_mask_for_norm`).
    ///   - construction: the scheme's default when absent.
    ///   - mirrorAxes: axes (0 D, 1 H, 2 W) along which patches may be flipped.
    public init(
        cases: CaseLibrary, channelCount: Int, maskedChannels: [Bool], labels: LabelManager, schedule: Schedule,
        seed: UInt64, construction: BatchConstruction? = nil, mirrorAxes: [Int] = [0, 1, 2]
    ) throws(PatchError) {
        guard cases.count > 0 else { throw .noCases }
        var mask = SIMDMask<SIMD3<Int>>()
        for axis in mirrorAxes {
            guard (0..<3).contains(axis) else { throw .mirrorAxis(axis) }
            mask[axis] = true
        }
        self.cases = cases
        self.channelCount = channelCount
        self.maskedChannels = maskedChannels
        self.labels = labels
        self.schedule = schedule
        self.seed = seed
        self.construction = construction ?? schedule.scheme.defaultConstruction
        self.mirrorAxes = mask
    }

    /// Patch and batch of an iteration.
    public func stage(atIteration iteration: Int) -> Stage { schedule.stage(atIteration: iteration, seed: seed) }

    /// Reads samples of a batch, in parallel.
    ///
    /// - Parameters:
    ///   - samples: part of `0 ..< stage(atIteration:).batchSize`.
    ///   - images: gets `[samples.count, C, D, H, W]`.
    ///   - labels: gets `[samples.count, D, H, W]`; no label is negative.
    ///   - threadLimit: at most this many threads.
    /// - Throws: ``PatchError`` when a case cannot be opened; nothing is written then.
    /// - Determinism: the same bits for any division of the batch and any number of threads.
    @discardableResult
    public func fill(
        iteration: Int, samples: Range<Int>, images: UnsafeMutablePointer<Float>,
        labels targets: UnsafeMutablePointer<Int16>, threadLimit: Int? = nil
    ) throws(PatchError) -> BatchStatistics {
        try read(iteration, samples, images, targets, threadLimit: threadLimit, profile: nil)
    }

    /// Reads samples as ``fill(iteration:samples:images:labels:threadLimit:)`` does, on one thread, and adds the time
    /// of every step to `profile`.
    package func fill(
        iteration: Int, samples: Range<Int>, images: UnsafeMutablePointer<Float>,
        labels targets: UnsafeMutablePointer<Int16>, profile: PatchProfile
    ) throws(PatchError) {
        profile.resume()
        _ = try read(iteration, samples, images, targets, threadLimit: 1, profile: profile)
    }

    private func read(
        _ iteration: Int, _ samples: Range<Int>, _ images: UnsafeMutablePointer<Float>,
        _ targets: UnsafeMutablePointer<Int16>, threadLimit: Int?, profile: PatchProfile?
    ) throws(PatchError) -> BatchStatistics {
        let stage = stage(atIteration: iteration)
        precondition(
            samples.lowerBound >= 0 && samples.upperBound <= stage.batchSize,
            "samples \(samples) of a batch of \(stage.batchSize)")
        let deal = schedule.deal(of: stage, construction: construction)
        let draw = CaseDraw(seed: seed, iteration: iteration, deal: deal, caseCount: cases.count)
        let reader = PatchReader(
            contentSize: schedule.contentSize(of: stage), tensorSize: stage.patchSize, channelCount: channelCount,
            maskedChannels: maskedChannels)
        let sources = try SampleSources(of: samples.map(draw.caseNumber), from: cases, channelCount: channelCount)
        let filling = BatchFilling(
            images: images, labels: targets, imageStride: channelCount * stage.patchVoxelCount,
            labelStride: stage.patchVoxelCount, labelManager: labels, scratch: scratch, profile: profile)
        let geometry = reader.geometry
        return filling.run(sources, geometry: geometry, limit: threadLimit) { place, source in
            let index = samples.lowerBound + place
            let isForeground = deal[index].isForeground
            var position = RandomStream(seed: seed, purpose: .position, iteration: iteration, index: index)
            let corner = PatchPosition.draw(
                from: source, loaderSize: geometry.enlargedSize, patchSize: geometry.patchSize,
                isForeground: isForeground, using: &position)
            var chance = RandomStream(seed: seed, purpose: .augmentation, iteration: iteration, index: index)
            let draws = AugmentationDraws(
                geometry: geometry, channelCount: channelCount, mirrorAxes: mirrorAxes, using: &chance)
            return PatchPlan(corner: corner, isForced: isForeground, geometry: geometry, draws: draws)
        } read: { place, source, plan, image, labels, presence, scratch in
            let noise = NoiseStream(seed: seed, iteration: iteration, index: samples.lowerBound + place)
            reader.read(
                from: source, plan, noise: noise, image: image, labels: labels, presence: presence, scratch: scratch)
        }
    }
}
