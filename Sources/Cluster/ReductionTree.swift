/// The binary tree in which the leaves of a sum are added: it knows the number of leaves and nothing of ranks.
///
/// The node over leaves `lo ..< hi` splits at `lo + the largest power of two below (hi - lo)`; its value is left +
/// right.
public struct ReductionTree: Sendable, Equatable {
    public let leafCount: Int

    /// - Precondition: `leafCount ≥ 1`.
    public init(leafCount: Int) {
        precondition(leafCount >= 1, "a sum needs at least one leaf, not \(leafCount)")
        self.leafCount = leafCount
    }

    /// Where the node over `leaves` splits.
    ///
    /// - Precondition: at least two leaves.
    public static func split(_ leaves: Range<Int>) -> Int {
        precondition(leaves.count >= 2, "a node of \(leaves.count) leaves has no halves")
        return leaves.lowerBound + 1 << (Int.bitWidth - 1 - (leaves.count - 1).leadingZeroBitCount)
    }

    /// Whether the tree has a node over exactly these leaves.
    public func hasNode(over leaves: Range<Int>) -> Bool {
        guard !leaves.isEmpty, leaves.lowerBound >= 0, leaves.upperBound <= leafCount else { return false }
        var node = 0..<leafCount
        while node.count > leaves.count {
            let middle = Self.split(node)
            if leaves.upperBound <= middle {
                node = node.lowerBound..<middle
            } else if leaves.lowerBound >= middle {
                node = middle..<node.upperBound
            } else {
                return false
            }
        }
        return node == leaves
    }

    /// The largest nodes that lie in a run of leaves, from left to right; together they hold all of them.
    public func largestNodes(in leaves: Range<Int>) -> [Range<Int>] {
        var nodes: [Range<Int>] = []
        func visit(_ node: Range<Int>) {
            guard node.overlaps(leaves) else { return }
            if leaves.lowerBound <= node.lowerBound && node.upperBound <= leaves.upperBound {
                nodes.append(node)
            } else {
                let middle = Self.split(node)
                visit(node.lowerBound..<middle)
                visit(middle..<node.upperBound)
            }
        }
        visit(0..<leafCount)
        return nodes
    }

    /// The additions that turn a partition of the leaves into nodes into the root, in an order that respects the tree.
    ///
    /// - Parameter nodes: from left to right, without gaps.
    /// - Returns: pairs of places in `nodes`: `into` becomes `into + from`. The root ends at place 0.
    func additions(joining nodes: [Range<Int>]) -> [(into: Int, from: Int)] {
        var additions: [(into: Int, from: Int)] = []
        var next = 0
        func visit(_ node: Range<Int>) -> Int {
            if nodes[next] == node {
                next += 1
                return next - 1
            }
            precondition(node.count > 1, "the nodes leave out leaf \(node.lowerBound)")
            let middle = Self.split(node)
            let left = visit(node.lowerBound..<middle)
            let right = visit(middle..<node.upperBound)
            additions.append((into: left, from: right))
            return left
        }
        _ = visit(0..<leafCount)
        precondition(next == nodes.count, "the nodes hold more than the leaves")
        return additions
    }
}
