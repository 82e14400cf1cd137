/// How many volumes a batch is cut from, and which volume gives what.
///
/// Paper: journal extension, appendix A.
public enum BatchConstruction: String, CaseIterable, Sendable {
    /// As many volumes as the plan's batch size: some give all foreground patches, the others the rest.
    case splitCrop = "split-crop"
    /// One volume per patch.
    case singleCrop = "single-crop"
    /// The volumes of ``splitCrop``, each of which gives both kinds.
    case multiCrop = "multi-crop"
    /// One volume gives all patches.
    case singleVolume = "single-volume"
}

/// Which volume a sample of a batch is cut from, and whether it must show foreground: a function of its index.
public struct BatchDeal: Sendable, Equatable {
    /// One sample of the batch.
    public struct Sample: Sendable, Equatable {
        /// Slot of the volume, `0 ..< volumeCount`.
        public let volume: Int
        /// Whether the patch must be placed on foreground.
        public let isForeground: Bool

        public init(volume: Int, isForeground: Bool) {
            self.volume = volume
            self.isForeground = isForeground
        }
    }

    public let construction: BatchConstruction
    /// Patches in the batch, b.
    public let batchSize: Int
    /// The plan's batch size B, which is the number of volumes of the split-crop and multi-crop constructions.
    public let baseBatchSize: Int
    /// F(b): patches that must show foreground.
    public let foregroundCount: Int
    /// F(B): volumes that give foreground patches only (split-crop).
    private let foregroundVolumeCount: Int

    /// - Precondition: `batchSize ≥ 1` and `baseBatchSize ≥ 1`.
    public init(construction: BatchConstruction, batchSize: Int, baseBatchSize: Int, rule: ForegroundRule) {
        precondition(batchSize >= 1 && baseBatchSize >= 1, "batches of \(batchSize) and \(baseBatchSize) patches")
        self.construction = construction
        self.batchSize = batchSize
        self.baseBatchSize = baseBatchSize
        foregroundCount = rule.foregroundCount(inBatchOf: batchSize)
        foregroundVolumeCount = rule.foregroundCount(inBatchOf: baseBatchSize)
    }

    /// Volumes that are drawn for one batch.
    public var volumeCount: Int {
        switch construction {
        case .splitCrop, .multiCrop: baseBatchSize
        case .singleCrop: batchSize
        case .singleVolume: 1
        }
    }

    /// Whether the volumes of one batch differ from each other as long as there are enough cases. Where every patch has
    /// its own volume they are drawn independently, as nnU-Net draws them.
    public var drawsDistinctVolumes: Bool { construction == .splitCrop || construction == .multiCrop }

    /// Sample `index` of the batch. The patches of a volume stand side by side.
    ///
    /// - Precondition: `index` lies in `0 ..< batchSize`.
    public subscript(index: Int) -> Sample {
        precondition(index >= 0 && index < batchSize, "sample \(index) of a batch of \(batchSize)")
        switch construction {
        case .singleCrop:
            return Sample(volume: index, isForeground: index >= batchSize - foregroundCount)
        case .singleVolume:
            return Sample(volume: 0, isForeground: index < foregroundCount)
        case .splitCrop:
            return splitCrop(index)
        case .multiCrop:
            // Dealt one after the other: first the foreground patches, then, where these ended, the others.
            let (volume, place) = Self.place(of: index, among: batchSize, over: baseBatchSize)
            let foreground = Self.share(of: volume, among: foregroundCount, over: baseBatchSize)
            return Sample(volume: volume, isForeground: place < foreground)
        }
    }

    /// The first F(B) volumes give the F(b) foreground patches, the other volumes the rest. A kind without volumes of
    /// its own (B = 1) is dealt over all of them.
    private func splitCrop(_ index: Int) -> Sample {
        let isForeground = index < foregroundCount
        let own = isForeground ? foregroundVolumeCount : baseBatchSize - foregroundVolumeCount
        let first = isForeground || own == 0 ? 0 : foregroundVolumeCount
        let count = isForeground ? foregroundCount : batchSize - foregroundCount
        let (volume, _) = Self.place(
            of: isForeground ? index : index - foregroundCount, among: count, over: own == 0 ? baseBatchSize : own)
        return Sample(volume: first + volume, isForeground: isForeground)
    }

    /// Patches that volume `volume` gets when `count` are dealt over `volumeCount` volumes, earlier ones one more.
    static func share(of volume: Int, among count: Int, over volumeCount: Int) -> Int {
        count / volumeCount + (volume < count % volumeCount ? 1 : 0)
    }

    /// The volume of patch `index`, and the place of the patch among those of its volume, for the same deal.
    static func place(of index: Int, among count: Int, over volumeCount: Int) -> (volume: Int, place: Int) {
        let (share, rest) = count.quotientAndRemainder(dividingBy: volumeCount)
        if index < rest * (share + 1) { return (index / (share + 1), index % (share + 1)) }
        let later = index - rest * (share + 1)
        return (rest + later / share, later % share)
    }
}
