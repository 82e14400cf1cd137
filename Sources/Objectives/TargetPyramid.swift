import Threads

/// The labels of a micro-batch at every supervised resolution level.
///
/// Downsampling takes the voxel in the middle of each cell (nearest-exact): `source = ⌊(target + ½) · in / out⌋`.
public final class TargetPyramid: @unchecked Sendable {
    // Safety: used by one thread at a time; inside, tasks write disjoint samples.
    public let batchSize: Int
    /// Voxels per axis at each level, `[D, H, W]`; the first is the patch itself.
    public let sizes: [[Int]]
    private var levels: [[Int16]]

    public init(batchSize: Int, sizes: [[Int]]) {
        self.batchSize = batchSize
        self.sizes = sizes
        levels = sizes.map { Array(repeating: 0, count: batchSize * $0.reduce(1, *)) }
    }

    /// Takes the labels of the highest resolution, `[N, D, H, W]`, each ≥ 0.
    public func fill(from labels: UnsafePointer<Int16>) {
        for level in sizes.indices {
            let (size, full) = (sizes[level], sizes[0])
            let voxels = size.reduce(1, *)
            let fullVoxels = full.reduce(1, *)
            let sources = (0..<3).map { axis in
                (0..<size[axis]).map { (2 * $0 + 1) * full[axis] / (2 * size[axis]) }
            }
            levels[level].withUnsafeMutableBufferPointer { buffer in
                nonisolated(unsafe) let (target, labels) = (buffer, labels)
                Threads.forEach(batchSize) { sample in
                    var place = sample * voxels
                    for d in sources[0] {
                        for h in sources[1] {
                            let row = labels + sample * fullVoxels + (d * full[1] + h) * full[2]
                            for w in sources[2] {
                                target[place] = row[w]
                                place += 1
                            }
                        }
                    }
                }
            }
        }
    }

    /// Calls `body` with the labels of a level, `[N, D, H, W]`.
    public func withLabels<Result>(level: Int, _ body: (UnsafePointer<Int16>) -> Result) -> Result {
        levels[level].withUnsafeBufferPointer { buffer in
            // A pyramid has at least one sample of one voxel.
            body(buffer.baseAddress!)
        }
    }

    /// Voxels of a level whose label is not `ignoreLabel`.
    public func validCount(level: Int, ignoreLabel: Int?) -> Int {
        guard let ignoreLabel else { return levels[level].count }
        return levels[level].count(where: { Int($0) != ignoreLabel })
    }
}
