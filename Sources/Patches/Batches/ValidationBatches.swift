import Curriculum
import Datasets
import Tensors

/// The batches on which a run watches itself: the plan's patch and batch, nnU-Net's share of foreground, no
/// augmentation.
///
/// Sample i of batch b of epoch e is a function of the seed, e, b and i. All schemes see the same batches.
public final class ValidationBatches: Sendable {
    public let cases: CaseLibrary
    public let channelCount: Int
    /// `[D, H, W]`.
    public let patchSize: [Int]
    public let batchSize: Int
    public let seed: UInt64
    private let labels: LabelManager
    private let scratch = ScratchPool()

    public init(
        cases: CaseLibrary, channelCount: Int, labels: LabelManager, patchSize: [Int], batchSize: Int, seed: UInt64
    ) throws(PatchError) {
        guard cases.count > 0 else { throw .noCases }
        self.cases = cases
        self.channelCount = channelCount
        self.labels = labels
        self.patchSize = patchSize
        self.batchSize = batchSize
        self.seed = seed
    }

    /// Reads samples of a batch, in parallel; see
    /// ``TrainingBatches/fill(iteration:samples:images:labels:threadLimit:)``.
    ///
    /// - Parameters:
    ///   - batch: number of the batch in the epoch.
    ///   - samples: part of `0 ..< batchSize`.
    @discardableResult
    public func fill(
        epoch: Int, batch: Int, samples: Range<Int>, images: UnsafeMutablePointer<Float>,
        labels targets: UnsafeMutablePointer<Int16>, threadLimit: Int? = nil
    ) throws(PatchError) -> BatchStatistics {
        precondition(
            samples.lowerBound >= 0 && samples.upperBound <= batchSize, "samples \(samples) of a batch of \(batchSize)")
        let deal = BatchDeal(
            construction: .singleCrop, batchSize: batchSize, baseBatchSize: batchSize, rule: .third)
        let reader = PatchReader(
            contentSize: patchSize, tensorSize: patchSize, channelCount: channelCount, maskedChannels: [])
        let first = batch * batchSize
        let numbers = samples.map { index in
            var stream = stream(epoch: epoch, sample: first + index)
            return stream.integer(below: cases.count)
        }
        let sources = try SampleSources(of: numbers, from: cases, channelCount: channelCount)
        let voxels = patchSize.reduce(1, *)
        let filling = BatchFilling(
            images: images, labels: targets, imageStride: channelCount * voxels, labelStride: voxels,
            labelManager: labels, scratch: scratch)
        let size = reader.geometry.patchSize
        return filling.run(sources, geometry: reader.geometry, limit: threadLimit) { place, source in
            let index = samples.lowerBound + place
            let isForeground = deal[index].isForeground
            var stream = stream(epoch: epoch, sample: first + index)
            _ = stream.integer(below: cases.count)
            let corner = PatchPosition.draw(
                from: source, loaderSize: size, patchSize: size, isForeground: isForeground, using: &stream)
            return PatchPlan(plainAt: corner, isForced: isForeground)
        } read: { _, source, plan, image, labels, presence, _ in
            reader.readPlain(from: source, plan, image: image, labels: labels, presence: presence)
        }
    }

    /// The numbers of one sample: its case first, then its position.
    private func stream(epoch: Int, sample: Int) -> RandomStream {
        RandomStream(seed: seed, purpose: .validation, iteration: epoch, index: sample)
    }
}
