import Datasets
import Objectives
import Threads

/// True and false positives and false negatives per class or region, over patches at full resolution.
package struct PseudoDice {
    /// `[class][true positives, false positives, false negatives]`.
    package private(set) var counts: [Int]
    private let labels: LabelManager
    private let loss: LossDescription

    package init(labels: LabelManager, loss: LossDescription) {
        self.labels = labels
        self.loss = loss
        counts = Array(repeating: 0, count: labels.foregroundClasses.count * 3)
    }

    /// Counts a micro-batch whose session holds probabilities.
    package mutating func add(_ compiled: CompiledBatch) {
        let heads = loss.headCount
        let voxels = compiled.session.patchSize.reduce(1, *)
        let classCount = counts.count / 3
        let first = heads - classCount  // softmax has a background head in front
        let probabilities = compiled.session.logits(level: 0)
        let parts = compiled.loss.targets.withLabels(level: 0) { targets in
            nonisolated(unsafe) let (probabilities, targets) = (probabilities, targets)
            let this = self
            return Threads.map(compiled.session.batchSize) { (sample) throws(Never) in
                var counts = [Int](repeating: 0, count: classCount * 3)
                let p = probabilities + sample * heads * voxels
                let t = targets + sample * voxels
                if first == 1 {
                    this.countLabels(p, t, voxels, &counts)
                } else {
                    this.countRegions(p, t, voxels, &counts)
                }
                return counts
            }
        }
        for part in parts { counts = zip(counts, part).map { $0 + $1 } }
    }

    private func countLabels(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Int16>, _ voxels: Int, _ counts: inout [Int]
    ) {
        let ignore = Int16(truncatingIfNeeded: loss.ignoreLabel ?? -1)
        for voxel in 0..<voxels where t[voxel] != ignore {
            var best = 0
            for head in 1..<loss.headCount where p[head * voxels + voxel] > p[best * voxels + voxel] { best = head }
            let truth = Int(t[voxel])
            if best == truth {
                if best > 0 { counts[(best - 1) * 3] += 1 }
            } else {
                if best > 0 { counts[(best - 1) * 3 + 1] += 1 }
                if truth > 0 { counts[(truth - 1) * 3 + 2] += 1 }
            }
        }
    }

    private func countRegions(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Int16>, _ voxels: Int, _ counts: inout [Int]
    ) {
        let ignore = Int16(truncatingIfNeeded: loss.ignoreLabel ?? -1)
        for (head, region) in labels.foregroundClasses.enumerated() {
            let members = Set(region.map { Int16($0) })
            for voxel in 0..<voxels where t[voxel] != ignore {
                switch (p[head * voxels + voxel] > 0.5, members.contains(t[voxel])) {
                case (true, true): counts[head * 3] += 1
                case (true, false): counts[head * 3 + 1] += 1
                case (false, true): counts[head * 3 + 2] += 1
                case (false, false): break
                }
            }
        }
    }

    /// Dice per class; NaN where a class neither occurs nor is predicted.
    package static func values(_ counts: [Int]) -> [Double] {
        stride(from: 0, to: counts.count, by: 3).map { place in
            let doubled = 2 * counts[place]
            let denominator = doubled + counts[place + 1] + counts[place + 2]
            return denominator == 0 ? .nan : Double(doubled) / Double(denominator)
        }
    }
}
