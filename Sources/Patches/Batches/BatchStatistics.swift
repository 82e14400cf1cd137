/// What the samples of a batch, or of a part of one, show.
public struct BatchStatistics: Sendable, Equatable {
    /// One sample.
    public struct Sample: Sendable, Equatable {
        /// The case that the patch was cut from.
        public let identifier: String
        /// Whether the patch had to be placed on foreground.
        public let isForced: Bool
        /// Labels above 0 that occur in the patch, ascending; the ignore label is left out.
        public let classes: [Int]

        public init(identifier: String, isForced: Bool, classes: [Int]) {
            self.identifier = identifier
            self.isForced = isForced
            self.classes = classes
        }

        /// Whether any class occurs.
        public var showsForeground: Bool { !classes.isEmpty }
    }

    /// In the order of the batch.
    public let samples: [Sample]

    public init(samples: [Sample] = []) { self.samples = samples }

    /// Samples that show foreground.
    public var foregroundCount: Int { samples.count { $0.showsForeground } }

    /// For every label below `labelCount` the samples that show it: numbers that ranks can add up.
    public func sampleCounts(labelCount: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: labelCount)
        for sample in samples {
            for label in sample.classes where label < labelCount { counts[label] += 1 }
        }
        return counts
    }
}
