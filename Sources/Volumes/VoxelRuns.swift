/// Which voxels touch each other.
public enum Connectivity: Int, Sendable, CaseIterable {
    /// Over the 6 faces.
    case faces = 6
    /// Over faces and the 12 edges.
    case edges = 18
    /// Over faces, edges and the 8 corners.
    case corners = 26
}

/// A mask as runs of true voxels along W, each with the number of its connected component.
///
/// - Complexity: O(voxels) to find the runs, near O(runs) to join them (union by smaller root, path halving).
struct VoxelRuns {
    struct Run {
        /// First voxel, and the one behind the last, within the line.
        var start: Int32
        var end: Int32
        /// Component, from 0, in the order of their first voxels.
        var component: Int32
    }

    let shape: [Int]
    private(set) var runs: [Run] = []
    /// Runs of line `d · H + h` are those from `lineStarts[line]` up to `lineStarts[line + 1]`.
    private(set) var lineStarts: [Int] = [0]
    private(set) var componentCount = 0

    /// - Parameters:
    ///   - mask: `[D, H, W]`.
    ///   - value: what counts as inside.
    init(_ mask: UnsafeBufferPointer<Bool>, shape: [Int], of value: Bool = true, connectivity: Connectivity) {
        precondition(shape.count == 3 && mask.count == shape.reduce(1, *), "\(mask.count) voxels of shape \(shape)")
        self.shape = shape
        findRuns(mask, value)
        join(connectivity)
    }

    private mutating func findRuns(_ mask: UnsafeBufferPointer<Bool>, _ value: Bool) {
        let (lineCount, width) = (shape[0] * shape[1], shape[2])
        lineStarts.reserveCapacity(lineCount + 1)
        for line in 0..<lineCount {
            let start = line * width
            var w = 0
            while w < width {
                if mask[start + w] != value {
                    w += 1
                    continue
                }
                let first = w
                while w < width, mask[start + w] == value { w += 1 }
                runs.append(Run(start: Int32(first), end: Int32(w), component: 0))
            }
            lineStarts.append(runs.count)
        }
    }

    private mutating func join(_ connectivity: Connectivity) {
        var parents = (0..<Int32(runs.count)).map { $0 }
        func root(_ index: Int) -> Int {
            var node = index
            while Int(parents[node]) != node {
                parents[node] = parents[Int(parents[node])]
                node = Int(parents[node])
            }
            return node
        }
        /// Joins runs of two lines that overlap when one is widened by `reach`.
        func joinLines(_ left: Int, _ right: Int, reach: Int32) {
            var a = lineStarts[left]
            var b = lineStarts[right]
            while a < lineStarts[left + 1], b < lineStarts[right + 1] {
                let (first, second) = (runs[a], runs[b])
                if first.start < second.end + reach, second.start < first.end + reach {
                    let (p, q) = (root(a), root(b))
                    if p < q { parents[q] = Int32(p) } else { parents[p] = Int32(q) }
                }
                if first.end < second.end { a += 1 } else { b += 1 }
            }
        }

        let (depth, height) = (shape[0], shape[1])
        let sideReach: Int32 = connectivity == .faces ? 0 : 1
        for d in 0..<depth {
            for h in 0..<height {
                let line = d * height + h
                if h > 0 { joinLines(line, line - 1, reach: sideReach) }
                guard d > 0 else { continue }
                joinLines(line, line - height, reach: sideReach)
                guard connectivity != .faces else { continue }
                let edgeReach: Int32 = connectivity == .corners ? 1 : 0
                if h > 0 { joinLines(line, line - height - 1, reach: edgeReach) }
                if h + 1 < height { joinLines(line, line - height + 1, reach: edgeReach) }
            }
        }
        // The root is the first run of its component, so numbers follow the first voxels.
        for index in runs.indices {
            let rootIndex = root(index)
            if rootIndex == index {
                runs[index].component = Int32(componentCount)
                componentCount += 1
            } else {
                runs[index].component = runs[rootIndex].component
            }
        }
    }

    /// Voxels of every component.
    var sizes: [Int] {
        var sizes = [Int](repeating: 0, count: componentCount)
        for run in runs { sizes[Int(run.component)] += Int(run.end - run.start) }
        return sizes
    }

    /// Calls `body` with every run and the index of its line's first voxel.
    func forEach(_ body: (Run, Int) -> Void) {
        for line in 0..<shape[0] * shape[1] {
            for index in lineStarts[line]..<lineStarts[line + 1] { body(runs[index], line * shape[2]) }
        }
    }
}
