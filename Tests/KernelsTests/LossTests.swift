import Kernels
import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct LossTests {
    @Test("probabilities, sums and cross-entropy are the definition's", arguments: LossCase.all)
    func agreesWithTheDefinition(loss: LossCase) {
        let (logits, targets) = (loss.logits, loss.targets)
        let (result, isPoisonWhole) = loss.run(logits, targets)
        let expected = loss.reference(logits.map(Double.init), targets)
        #expect(isPoisonWhole, "something between the heads was written")
        #expect(abs(result.crossEntropy - expected.crossEntropy) <= 1e-6 * max(1, expected.crossEntropy))
        for (value, right) in zip(result.sums, expected.sums) { #expect(abs(value - right) <= 1e-6 * max(1, right)) }
        for (value, right) in zip(result.probabilities, expected.p) {
            #expect(abs(Double(value) - right) <= 1e-6 * right + 1e-9)
        }
    }

    @Test("the gradient is the definition's finite difference; ignored voxels have none", arguments: LossCase.all)
    func finiteDifferences(loss: LossCase) {
        let (logits, targets) = (loss.logits, loss.targets)
        let gradient = loss.run(logits, targets).result.gradient
        let step = 1e-5
        for index in logits.indices where loss.voxelCount <= 65 || index % 17 == 0 {
            if Int(targets[index % loss.voxelCount]) == loss.ignoreLabel {
                #expect(gradient[index] == 0)
                continue
            }
            // One voxel alone: the objective is a sum over voxels.
            var alone = loss
            alone.voxelCount = 1
            let voxel = index % loss.voxelCount
            let z = (0..<loss.headCount).map { Double(logits[$0 * loss.voxelCount + voxel]) }
            let (up, down) = [step, -step].map { step in
                var moved = z
                moved[index / loss.voxelCount] += step
                return alone.objective(moved, [targets[voxel]])
            }.pair
            let slope = (up - down) / (2 * step)
            #expect(abs(Double(gradient[index]) - slope) <= 2e-6, "\(index): \(gradient[index]), not \(slope)")
        }
    }

    /// Two classes, two voxels of targets 1 and 0, logits 0, 0 and ln 3, 0: probabilities ½, ½ and ¾, ¼.
    @Test func softmaxByHand() {
        var z: [Float] = [0, log(Float(3)), 0, 0]
        var sums = [Double](repeating: .nan, count: 6)
        let crossEntropy = SoftmaxLoss.statistics(
            &z, headStride: 2, headCount: 2, voxelCount: 2, targets: [1, 0], ignoreLabel: nil, sums: &sums)
        #expect(abs(crossEntropy - log(2) - log(4.0 / 3)) <= 1e-6)
        expectClose(z, [0.5, 0.75, 0.5, 0.25])
        expectClose(sums.map { Float($0) }, [0.75, 1.25, 1, 0.5, 0.75, 1])
        SoftmaxLoss.gradient(
            &z, headStride: 2, headCount: 2, voxelCount: 2, targets: [1, 0], ignoreLabel: nil, crossEntropy: 2,
            onTarget: [0, -1], everywhere: [0, 0.5])
        // Voxel 0: 2 (p − g) + p (a − Σ p a) with a = 0, −½; voxel 1 with a = 0, ½.
        expectClose(z, [1.125, -0.59375, -1.125, 0.59375])
    }

    /// One region of label 1, two voxels of targets 1 and 0, logits 0 and ln 3: probabilities ½ and ¾.
    @Test func sigmoidByHand() {
        var z: [Float] = [0, log(Float(3))]
        var sums = [Double](repeating: .nan, count: 3)
        let crossEntropy = SigmoidLoss.statistics(
            &z, headStride: 2, headCount: 1, voxelCount: 2, targets: [1, 0], ignoreLabel: nil, membership: [0, 1],
            labelCount: 2, sums: &sums)
        #expect(abs(crossEntropy - log(2) - log(4)) <= 1e-6)
        expectClose(z, [0.5, 0.75])
        expectClose(sums.map { Float($0) }, [0.5, 1.25, 1])
        SigmoidLoss.gradient(
            &z, headStride: 2, headCount: 1, voxelCount: 2, targets: [1, 0], ignoreLabel: nil, membership: [0, 1],
            labelCount: 2, crossEntropy: 2, onTarget: [-1], everywhere: [0.5])
        // 2 (p − g) + (½ − g) p (1 − p)
        expectClose(z, [-1.125, 1.59375])
    }

    @Test("all voxels ignored: no sums, no loss, no gradient", arguments: [nil, [0, 1, 0, 0, 0, 0] as [Float]])
    func allIgnored(membership: [Float]?) {
        let loss = LossCase(headCount: 2, voxelCount: 70, ignoreLabel: 2, membership: membership, labelCount: 3)
        let (result, _) = loss.run(loss.logits, Array(repeating: 2, count: 70))
        #expect(result.crossEntropy == 0 && result.sums == Array(repeating: 0, count: 6))
        #expect(result.gradient.allSatisfy { $0 == 0 } && result.probabilities.allSatisfy { $0.isFinite })
    }

    @Test(
        "a logit that is not a number stays one, in the loss, the sums and the gradient",
        arguments: [nil, [0, 1, 1, 0, 0, 1] as [Float]], [Float.nan, .signalingNaN, .infinity])
    func notFinite(membership: [Float]?, poison: Float) {
        let loss = LossCase(headCount: 2, voxelCount: 70, membership: membership, labelCount: 3)
        // An infinite logit of a sigmoid is a certain answer, which is right or infinitely wrong.
        let isCertain = membership != nil && poison == .infinity
        for head in 0..<2 {
            var logits = loss.logits
            logits[head * 70 + 66] = poison
            let (result, _) = loss.run(logits, Array(repeating: 0, count: 70))
            #expect(!result.crossEntropy.isFinite)
            if isCertain { continue }
            #expect(result.probabilities[head * 70 + 66].isNaN && result.gradient[head * 70 + 66].isNaN)
            #expect(result.sums[3 * head + 1].isNaN)
            #expect(result.gradient.enumerated().allSatisfy { $0.offset % 70 == 66 || $0.element.isFinite })
        }
    }

    @Test("large logits neither overflow nor lose the cross-entropy", arguments: [Float(30), 100, 1000, 1e30])
    func largeLogits(size: Float) {
        let softmax = LossCase(headCount: 3, voxelCount: 2, labelCount: 3)
        // Voxel 0 is right, voxel 1 is wrong by twice the size.
        let (right, _) = softmax.run([size, size, 0, 0, -size, -size], [0, 2])
        #expect(abs(right.crossEntropy / (2 * Double(size)) - 1) <= 1e-6)
        #expect(right.gradient.allSatisfy { $0.isFinite })
        #expect(right.probabilities[0] == 1 && right.probabilities[4] < 1e-12)
        // Cross-entropy pulls at full strength; Dice has no slope left.
        #expect(abs(right.gradient[1] - LossCase.crossEntropy) <= 1e-6)
        #expect(abs(right.gradient[5] + LossCase.crossEntropy) <= 1e-6)

        let sigmoid = LossCase(headCount: 1, voxelCount: 4, membership: [0, 1], labelCount: 2)
        let (regions, _) = sigmoid.run([size, -size, size, -size], [1, 0, 0, 1])
        #expect(abs(regions.crossEntropy / (2 * Double(size)) - 1) <= 1e-6)
        #expect(regions.gradient.allSatisfy { $0.isFinite })
        expectClose(regions.gradient, [0, 0, LossCase.crossEntropy, -LossCase.crossEntropy])
    }

    private func expectClose(_ values: [Float], _ expected: [Float]) {
        #expect(values.count == expected.count)
        for (value, right) in zip(values, expected) { #expect(abs(value - right) <= 1e-6 * max(1, abs(right))) }
    }
}

extension Array {
    /// The two elements of an array of two.
    fileprivate var pair: (Element, Element) { (self[0], self[1]) }
}
