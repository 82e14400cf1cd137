internal import COpenMPI
import Tensors

/// The reproducible sum over the ranks: one vector per leaf, added in the tree of ``ReductionTree``.
///
/// A rank adds its leaves (``leaves``, a contiguous run) one after the other; only O(log K) partial sums are kept.
/// ``finish()`` adds the partial sums of all ranks in the tree's upper part and gives everyone the root.
/// Buffers are kept for the next sum.
///
/// - Determinism: the same bits on any number of ranks and threads. A NaN stays a NaN; its payload is left open.
public final class TreeSum<Scalar: TreeScalar> {
    public let tree: ReductionTree
    public let elementCount: Int
    /// The leaves that this rank adds.
    public let leaves: Range<Int>

    let communicator: Communicator
    /// Partial sums from left to right: complete nodes of the tree.
    var partials: [(node: Range<Int>, sum: AlignedBuffer<Scalar>)] = []
    private var spare: [AlignedBuffer<Scalar>] = []
    private var nextLeaf: Int
    var landing: AlignedBuffer<Scalar>?

    /// Rank-local; allocates nothing yet.
    ///
    /// - Precondition: `leafCount ≥ 1`, `elementCount ≥ 0`, the same on all ranks.
    public init(communicator: Communicator, leafCount: Int, elementCount: Int) {
        precondition(elementCount >= 0, "a sum of \(elementCount) elements")
        self.communicator = communicator
        self.tree = ReductionTree(leafCount: leafCount)
        self.elementCount = elementCount
        self.leaves = Shares.leaves(rank: communicator.rank, size: communicator.size, leafCount: leafCount)
        self.nextLeaf = leaves.lowerBound
    }

    /// Adds the vector of one leaf. Rank-local.
    ///
    /// - Parameter write: fills all `elementCount` elements, whose values before are left open.
    /// - Precondition: `leaf` is the next of ``leaves``.
    public func add<Failure: Error>(
        leaf: Int, _ write: (UnsafeMutablePointer<Scalar>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(
            leaf == nextLeaf && leaf < leaves.upperBound,
            "leaf \(leaf) is added where leaf \(nextLeaf) of \(leaves) is due")
        let sum = spare.popLast() ?? AlignedBuffer<Scalar>(count: elementCount)
        try write(sum.pointer)
        nextLeaf += 1
        partials.append((leaf..<leaf + 1, sum))
        while partials.count >= 2, isNode(partials[partials.count - 2].node, partials[partials.count - 1].node) {
            let right = partials.removeLast()
            let left = partials[partials.count - 1]
            Scalar.accumulateInParallel(left.sum.pointer, right.sum.pointer, elementCount)
            partials[partials.count - 1].node = left.node.lowerBound..<right.node.upperBound
            spare.append(right.sum)
        }
    }

    /// Whether two neighbors are the halves of a node.
    private func isNode(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        let both = left.lowerBound..<right.upperBound
        return ReductionTree.split(both) == left.upperBound && tree.hasNode(over: both)
    }

    /// Ends the sum: every rank gets the root, also one without leaves. The object is ready for the next sum.
    ///
    /// - Returns: `elementCount` elements, which stay as they are until the next ``add(leaf:_:)``.
    /// - Precondition: all of ``leaves`` were added.
    /// - Collective: every rank of the communicator.
    public func finish() throws(MPIError) -> AlignedBuffer<Scalar> {
        precondition(nextLeaf == leaves.upperBound, "the sum ends before leaf \(nextLeaf) of \(leaves) was added")
        let result = partials.first?.sum ?? spare.popLast() ?? AlignedBuffer<Scalar>(count: elementCount)
        try join(into: result.pointer)
        spare.append(contentsOf: partials.dropFirst().map(\.sum))
        spare.append(result)
        partials.removeAll(keepingCapacity: true)
        nextLeaf = leaves.lowerBound
        return result
    }
}

extension TreeSum {
    /// The sum of one small vector per leaf, as an array.
    ///
    /// - Parameter values: the vector of a leaf; called for this rank's leaves in order.
    /// - Collective: every rank of the communicator.
    public static func sum(
        _ communicator: Communicator, leafCount: Int, elementCount: Int, _ values: (Int) -> [Scalar]
    ) throws(MPIError) -> [Scalar] {
        let sum = TreeSum(communicator: communicator, leafCount: leafCount, elementCount: elementCount)
        for leaf in sum.leaves {
            let vector = values(leaf)
            precondition(vector.count == elementCount, "leaf \(leaf) has \(vector.count) elements, not \(elementCount)")
            vector.withUnsafeBufferPointer { values in
                sum.add(leaf: leaf) { target in
                    if let base = values.baseAddress { target.update(from: base, count: elementCount) }
                }
            }
        }
        return try sum.finish().array
    }
}
