/// What the labels of a dataset mean for training: classes or overlapping regions, and the ignore label.
///
/// Source: nnU-Net's dataset.json, `labels` and `regions_class_order`.
public struct LabelManager: Sendable, Equatable {
    /// Every label value that carries a class, ascending, background (0) first, the ignore label left out.
    public let allLabels: [Int]
    /// The value of voxels that no one annotated; it has no output channel.
    public let ignoreLabel: Int?
    /// Overlapping regions, each a list of labels, in the order of the output channels; nil for plain classes.
    public let regions: [[Int]]?
    /// The label that each region is written as, later ones over earlier ones; empty without regions.
    public let regionsClassOrder: [Int]

    public init(allLabels: [Int], ignoreLabel: Int? = nil, regions: [[Int]]? = nil, regionsClassOrder: [Int] = []) {
        self.allLabels = Array(Set(allLabels)).sorted()
        self.ignoreLabel = ignoreLabel
        self.regions = regions
        self.regionsClassOrder = regionsClassOrder
    }

    /// ``allLabels`` without background.
    public var foregroundLabels: [Int] { allLabels.filter { $0 != 0 } }
    public var hasRegions: Bool { regions != nil }
    public var hasIgnoreLabel: Bool { ignoreLabel != nil }

    /// Output channels of the network: one per region (sigmoid), or one per class with background (softmax).
    public var headCount: Int { regions?.count ?? allLabels.count }

    /// What scores are computed for: each region, or each foreground class as a list of one.
    public var foregroundClasses: [[Int]] { regions ?? foregroundLabels.map { [$0] } }

    /// The keys of ``ClassLocations`` in nnU-Net's order: each foreground class or region, and with an ignore label
    /// the key of annotated voxels, `[-1, 0, 1, …, n]`.
    public var locationKeys: [[Int]] { foregroundClasses + (hasIgnoreLabel ? [[-1] + allLabels] : []) }
}
