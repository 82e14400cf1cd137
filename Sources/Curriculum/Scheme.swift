/// How the patch and the batch of a training run change while it runs.
///
/// The raw value is the scheme's name on the command line, in configurations and in the name of the run folder.
public enum Scheme: String, CaseIterable, Sendable {
    /// Constant patch size: the plan's patch and batch all the time, which is nnU-Net.
    case cps
    /// Progressive growing of patch size as of MICCAI 2024: axes take turns, the batch stays.
    case pgps
    /// As ``pgps``, with batches that grow backwards from the last stage.
    case pgpsPlus = "pgps+"
    /// The patches of ``pgps`` in random order: every iteration draws one.
    case rpss
    /// Progressive growing as of the journal, the batch stays.
    case pgpsEfficiency = "pgps-efficiency"
    /// Progressive growing as of the journal, every stage fills the voxel budget of the plan.
    case pgpsPerformance = "pgps-performance"
    /// The tensor sizes of ``pgpsEfficiency``, filled with the plan's patch at a lower resolution.
    case progressiveResolution = "progressive-resolution"

    /// Whether every iteration draws its patch size, instead of following from its number.
    public var isRandom: Bool { self == .rpss }

    /// How many patches of a batch are forced to show foreground.
    public var foregroundRule: ForegroundRule { self == .cps ? .third : .half }

    /// How a batch is put together where the user does not say.
    public var defaultConstruction: BatchConstruction {
        switch self {
        case .pgpsEfficiency, .pgpsPerformance: .splitCrop
        case .cps, .pgps, .pgpsPlus, .rpss, .progressiveResolution: .singleCrop
        }
    }
}
