import Cluster
import Tensors

/// The reproducible sum, bit by bit against a serial walk over the same tree.
enum TreeSumChecks {
    static func run(_ checks: Checks) throws {
        for leafCount in Array(1...40) + [1000] {
            for elementCount in [0, 1, 13, 600] {
                try check(checks, Float.self, leafCount, elementCount)
                try check(checks, Double.self, leafCount, elementCount)
            }
        }
        // Long enough for slices, pieces and the threads.
        for leafCount in [1, 2, 3, 5, 8, 13] {
            try check(checks, Float.self, leafCount, 100_003)
            try check(checks, Double.self, leafCount, 70_001)
        }
        try check(checks, Float.self, 7, 1_300_001)

        // The same object again, and the convenience for small vectors.
        let sum = TreeSum<Double>(communicator: checks.world, leafCount: 5, elementCount: 2)
        for round in 0..<3 {
            for leaf in sum.leaves {
                sum.add(leaf: leaf) { vector in
                    vector[0] = Double(leaf)
                    vector[1] = Double(round)
                }
            }
            checks.expectEqual(try sum.finish().array, [10, Double(5 * round)], "round \(round) of one sum")
        }
        let small = try TreeSum<Double>.sum(checks.world, leafCount: 6, elementCount: 3) { [Double($0), 1, -1] }
        checks.expectEqual(small, [15, 6, -6], "small sum")
    }

    private static func check<Scalar: TreeScalar & BinaryFloatingPoint>(
        _ checks: Checks, _ type: Scalar.Type, _ leafCount: Int, _ elementCount: Int
    ) throws {
        let sum = TreeSum<Scalar>(communicator: checks.world, leafCount: leafCount, elementCount: elementCount)
        for leaf in sum.leaves {
            let vector: AlignedBuffer<Scalar> = leafVector(leaf, elementCount)
            sum.add(leaf: leaf) { $0.update(from: vector.pointer, count: elementCount) }
        }
        let result = try sum.finish()
        let expected: AlignedBuffer<Scalar> = serialSum(0..<leafCount, elementCount)
        let isEqual = (0..<elementCount).allSatisfy { bits(result.pointer[$0]) == bits(expected.pointer[$0]) }
        checks.expect(isEqual, "bits of the sum of \(leafCount) vectors of \(elementCount) \(type)")
    }

    private static func bits<Scalar: BinaryFloatingPoint>(_ value: Scalar) -> UInt64 {
        (value as? Float).map { UInt64($0.bitPattern) } ?? Double(value).bitPattern
    }

    /// Numbers of very different size, so that every other order of additions shows; at fixed places what is not
    /// finite, zeros of both signs, and denormal numbers.
    private static func leafVector<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
        _ leaf: Int, _ count: Int
    ) -> AlignedBuffer<Scalar> {
        let vector = AlignedBuffer<Scalar>(count: count)
        var random = RandomStream(seed: 3, purpose: .test, index: leaf)
        for i in 0..<count {
            let word = random.nextWord()
            let mantissa = Scalar(Int32(bitPattern: word) >> 8)
            vector.pointer[i] = mantissa * Scalar(Float(sign: .plus, exponent: Int(word & 31) - 16, significand: 1))
            switch i % 600 {
            case 3: vector.pointer[i] = leaf == 1 ? .nan : 1
            case 4: vector.pointer[i] = leaf == 2 ? .infinity : 1
            case 5: vector.pointer[i] = leaf == 0 ? .infinity : leaf == 4 ? -.infinity : 1
            case 6: vector.pointer[i] = leaf % 2 == 0 ? -0.0 : 0
            case 7: vector.pointer[i] = -0.0
            case 8: vector.pointer[i] = Scalar.leastNonzeroMagnitude * Scalar(leaf + 1)
            case 9: vector.pointer[i] = .greatestFiniteMagnitude
            default: break
            }
        }
        return vector
    }

    /// The definition, word for word: left half (the largest power of two below the number of leaves) plus right half.
    private static func serialSum<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
        _ leaves: Range<Int>, _ count: Int
    ) -> AlignedBuffer<Scalar> {
        if leaves.count == 1 { return leafVector(leaves.lowerBound, count) }
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        let left: AlignedBuffer<Scalar> = serialSum(leaves.prefix(half), count)
        let right: AlignedBuffer<Scalar> = serialSum(leaves.dropFirst(half), count)
        for i in 0..<count { left.pointer[i] = left.pointer[i] + right.pointer[i] }
        return left
    }
}
