import Cluster
import Testing

@Suite struct ReductionTreeTests {
    @Test(
        "A node splits after the largest power of two below its leaf count",
        arguments: [
            (0..<2, 1), (0..<3, 2), (0..<4, 2), (0..<5, 4), (0..<8, 4), (0..<9, 8), (8..<13, 12), (4..<7, 6),
            (0..<1000, 512),
        ]) func split(node: Range<Int>, middle: Int)
    {
        #expect(ReductionTree.split(node) == middle)
    }

    @Test("The tree over 7 leaves has exactly 13 nodes") func nodesOfSeven() {
        let tree = ReductionTree(leafCount: 7)
        var nodes: [Range<Int>] = []
        for lower in 0..<7 {
            for upper in lower + 1...7 where tree.hasNode(over: lower..<upper) { nodes.append(lower..<upper) }
        }
        #expect(
            Set(nodes) == [
                0..<7, 0..<4, 4..<7, 0..<2, 2..<4, 4..<6, 6..<7, 0..<1, 1..<2, 2..<3, 3..<4, 4..<5, 5..<6,
            ])
        #expect(!tree.hasNode(over: 0..<8) && !tree.hasNode(over: 3..<3) && !tree.hasNode(over: -1..<1))
    }

    @Test("The largest nodes in a run of leaves are few, disjoint and complete") func largestNodes() {
        for leafCount in 1...40 {
            let tree = ReductionTree(leafCount: leafCount)
            for lower in 0...leafCount {
                for upper in lower...leafCount {
                    let nodes = tree.largestNodes(in: lower..<upper)
                    #expect(nodes.flatMap { Array($0) } == Array(lower..<upper))
                    #expect(nodes.allSatisfy { tree.hasNode(over: $0) })
                    #expect(nodes.count <= 2 * 6)
                    for (left, right) in zip(nodes, nodes.dropFirst()) {
                        let both = left.lowerBound..<right.upperBound
                        #expect(!(tree.hasNode(over: both) && ReductionTree.split(both) == left.upperBound))
                    }
                }
            }
        }
        #expect(ReductionTree(leafCount: 1000).largestNodes(in: 0..<1000) == [0..<1000])
        #expect(ReductionTree(leafCount: 8).largestNodes(in: 1..<7) == [1..<2, 2..<4, 4..<6, 6..<7])
    }
}
