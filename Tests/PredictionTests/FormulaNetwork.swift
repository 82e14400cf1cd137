import Prediction

/// A network made of a formula, so that the joined logits of an image are known.
final class FormulaNetwork: PatchNetwork {
    let inputChannelCount: Int
    let headCount: Int
    let patchSize: [Int]
    let batchSize: Int
    let memberCount: Int
    private(set) var member = 0
    private(set) var callCount = 0
    /// (head, member, channels at a voxel, position in the patch) → logit.
    private let formula: (Int, Int, [Float], [Int]) -> Float
    private let output: UnsafeMutablePointer<Float>

    init(
        channels: Int, heads: Int, patchSize: [Int], batchSize: Int = 1, members: Int = 1,
        formula: @escaping (_ head: Int, _ member: Int, _ channels: [Float], _ position: [Int]) -> Float
    ) {
        inputChannelCount = channels
        headCount = heads
        self.patchSize = patchSize
        self.batchSize = batchSize
        memberCount = members
        self.formula = formula
        output = .allocate(capacity: batchSize * heads * patchSize.reduce(1, *))
    }

    deinit { output.deallocate() }

    func useMember(_ index: Int) { member = index }

    func logits(_ patches: UnsafePointer<Float>) -> UnsafePointer<Float> {
        callCount += 1
        let count = patchSize.reduce(1, *)
        for sample in 0..<batchSize {
            let input = patches + sample * inputChannelCount * count
            for voxel in 0..<count {
                let position = [
                    voxel / (patchSize[1] * patchSize[2]), voxel / patchSize[2] % patchSize[1], voxel % patchSize[2],
                ]
                let channels = (0..<inputChannelCount).map { input[$0 * count + voxel] }
                for head in 0..<headCount {
                    output[(sample * headCount + head) * count + voxel] = formula(head, member, channels, position)
                }
            }
        }
        return UnsafePointer(output)
    }
}

extension TiledInference {
    /// All slabs joined: `[heads, D, H, W]`.
    func allLogits(image: [Float], network: FormulaNetwork) throws -> [Float] {
        let shape = window.imageShape
        let plane = shape[1] * shape[2]
        var logits = [Float](repeating: .nan, count: network.headCount * shape[0] * plane)
        var nextSlice = 0
        try image.withUnsafeBufferPointer { image in
            try run(image: image, network: network) { slab in
                precondition(slab.slices.lowerBound == nextSlice, "slices must come in order")
                nextSlice = slab.slices.upperBound
                for head in 0..<network.headCount {
                    for (offset, slice) in slab.slices.enumerated() {
                        let source = slab.logits + (head * slab.slices.count + offset) * plane
                        for voxel in 0..<plane { logits[(head * shape[0] + slice) * plane + voxel] = source[voxel] }
                    }
                }
            }
        }
        precondition(nextSlice == shape[0], "all slices must come")
        return logits
    }
}
