import Kernels
import Networks
import Objectives
import Tensors

/// A session and the loss that belongs to it.
package final class CompiledBatch {
    package let session: Session
    package let loss: DeepSupervisionLoss
    /// Has the weights that the session shares.
    private let owner: CompiledBatch?
    var isOwner: Bool { owner == nil }
    private var weightsVersion = -1

    package init(session: Session, loss: DeepSupervisionLoss, owner: CompiledBatch? = nil) {
        self.session = session
        self.loss = loss
        self.owner = owner
    }

    /// Takes over weights, unless it did so when they had this version.
    func load(_ weights: AlignedBuffer<Float>, version: Int) {
        guard weightsVersion != version else { return }
        owner?.load(weights, version: version)
        session.load(weights: weights)
        weightsVersion = version
    }
}

/// Sessions by patch and number of samples, compiled when first needed; the longest unused ones go when memory runs
/// out.
final class SessionCache {
    private struct Key: Hashable {
        let patchSize: [Int]
        let sampleCount: Int
    }

    private let architecture: UNetArchitecture
    private let loss: LossDescription
    private let engine: Engine
    private let precision: Precision
    private let profile: StepProfile?
    private var batches: [Key: CompiledBatch] = [:]
    /// Oldest use first.
    private var uses: [Key] = []
    /// Bytes of sessions of other patches that are kept; those of the plan's patch, which every epoch's validation
    /// needs, and of the present patch always are.
    private static let byteBudget = 1 << 30
    private let lastingPatch: [Int]

    /// - Parameters:
    ///   - lastingPatch: the patch whose sessions are never given back.
    ///   - profile: takes the times of all sessions.
    init(
        architecture: UNetArchitecture, loss: LossDescription, engine: Engine, precision: Precision,
        lastingPatch: [Int],
        profile: StepProfile? = nil
    ) {
        self.lastingPatch = lastingPatch
        self.architecture = architecture
        self.loss = loss
        self.engine = engine
        self.precision = precision
        self.profile = profile
    }

    func removeAll() {
        batches.removeAll()
        uses.removeAll()
    }

    func batch(patchSize: [Int], sampleCount: Int) throws(KernelError) -> CompiledBatch {
        let key = Key(patchSize: patchSize, sampleCount: sampleCount)
        uses.removeAll { $0 == key }
        uses.append(key)
        if let batch = batches[key] { return batch }
        let others = uses.filter { $0.patchSize != lastingPatch && $0.patchSize != patchSize }
        var bytes = others.reduce(0) { $0 + (batches[$1]?.session.arenaByteCount ?? 0) }
        for old in others where bytes > Self.byteBudget {
            if let batch = batches.removeValue(forKey: old) { bytes -= batch.session.arenaByteCount }
        }
        uses.removeAll { $0 != key && batches[$0] == nil }
        // One session of a patch keeps the converted weights for all of them.
        let owner = batches.first { $0.key.patchSize == patchSize && $0.value.isOwner }?.value
        let session = try Session(
            architecture: architecture, batchSize: sampleCount, patchSize: patchSize, purpose: .training,
            engine: engine,
            precision: precision, supervisedLevelCount: loss.levelWeights.count,
            sharingWeightsOf: owner?.session, profile: profile)
        let batch = CompiledBatch(
            session: session,
            loss: DeepSupervisionLoss(description: loss, batchSize: sampleCount, sizes: session.logitSizes),
            owner: owner)
        batches[key] = batch
        return batch
    }
}
