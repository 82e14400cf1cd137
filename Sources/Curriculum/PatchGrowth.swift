/// The lists of patch sizes that the schemes walk through, smallest first. Sizes are `[D, H, W]` in voxels.
enum PatchGrowth {
    /// Axes take turns H, W, D, H, …; each turn adds `2^p` voxels, clipped at the maximum. A turn that changes nothing
    /// is skipped. The first patch is `[2^(p0+1), 2^p1, 2^p2]`, which leaves two elements at the bottleneck.
    ///
    /// Paper: MICCAI 2024, section 2 (stage tables of its supplement).
    static func takingTurns(maximum: [Int], poolings: [Int]) -> [[Int]] {
        let increments = poolings.map { 1 << $0 }
        var patch = increments
        patch[0] *= 2
        for axis in patch.indices { patch[axis] = min(patch[axis], maximum[axis]) }
        var patches = [patch]
        var axis = 1 % patch.count
        while patch != maximum {
            let grown = min(patch[axis] + increments[axis], maximum[axis])
            if grown != patch[axis] {
                patch[axis] = grown
                patches.append(patch)
            }
            axis = (axis + 1) % patch.count
        }
        return patches
    }

    /// The axis whose size after its increment `2^p` is smallest grows, the first one on ties; an axis at its maximum
    /// no longer grows. The first patch is `[2^p0, 2^p1, 2^p2]`.
    ///
    /// Paper: journal extension, section 3 ("always the axis with the lowest numerical value"; here, as in the
    /// published code, the value after the increment).
    static func smallestAxisFirst(maximum: [Int], poolings: [Int]) -> [[Int]] {
        let increments = poolings.map { 1 << $0 }
        var patch = increments
        var patches = [patch]
        while patch != maximum {
            var smallest: Int?
            for axis in patch.indices where patch[axis] < maximum[axis] {
                if let best = smallest, patch[best] + increments[best] <= patch[axis] + increments[axis] { continue }
                smallest = axis
            }
            guard let smallest else { break }
            patch[smallest] += increments[smallest]
            patches.append(patch)
        }
        return patches
    }
}

/// The batch sizes that belong to a list of patch sizes.
enum BatchGrowth {
    /// As many patches as fit into the voxels of `batchSize` patches of the last size: `⌊B · V(max) / V(stage)⌋`.
    ///
    /// Paper: journal extension, Performance mode.
    static func fillingBudget(patches: [[Int]], batchSize: Int) -> [Int] {
        let volumes = patches.map { $0.reduce(1, *) }
        let budget = batchSize * (volumes.last ?? 0)
        return volumes.map { budget / $0 }
    }

    /// Backwards from a batch of 2 in the last stage, `b(k) = ⌊V(k+1) / V(k) · b(k+1)⌋`, and at the end at least
    /// `batchSize` everywhere.
    ///
    /// Paper: MICCAI 2024, PGPS+.
    static func chained(patches: [[Int]], batchSize: Int) -> [Int] {
        let volumes = patches.map { $0.reduce(1, *) }
        var batches = [Int](repeating: 2, count: patches.count)
        for index in patches.indices.dropLast().reversed() {
            batches[index] = volumes[index + 1] * batches[index + 1] / volumes[index]
        }
        return batches.map { max($0, batchSize) }
    }
}
