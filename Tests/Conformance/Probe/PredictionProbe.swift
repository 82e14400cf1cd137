import Documents
import Kernels
import Networks
import Prediction
import Tensors

/// Logits of a whole image.
enum PredictionProbe {
    /// Request: an architecture; `members`, the weights of every member of the ensemble; `image` `[C, D, H, W]`;
    /// `patch`, `step`, `mirrorAxes`; `logits`, a path.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let architecture = try request.architecture()
        let image = try request.array("image", of: Float.self)
        let shape = Array(image.shape.dropFirst())
        let window = try SlidingWindow(
            imageShape: shape, patchSize: request.integers("patch"), stepSize: request.number("step"))
        let session = try Session(
            architecture: architecture, batchSize: 1, patchSize: window.patchSize, purpose: .inference)
        let network = SessionNetwork(
            session: session, members: try request.arrays("members").map { AlignedBuffer($0.scalars) })
        let inference = TiledInference(window: window, mirrorAxes: try request.integers("mirrorAxes"))
        let planeCount = shape[1] * shape[2]
        let logits = AlignedBuffer<Float>(count: architecture.headCount * shape[0] * planeCount)
        let voxels = AlignedBuffer(image.scalars)
        try inference.run(image: UnsafeBufferPointer(voxels.elements), network: network) { slab in
            let count = slab.slices.count * planeCount
            for head in 0..<architecture.headCount {
                (logits.pointer + (head * shape[0] + slab.slices.lowerBound) * planeCount).update(
                    from: slab.logits + head * count, count: count)
            }
        }
        try request.write(logits.array, shape: [architecture.headCount] + shape, to: "logits")
        return ["patches": .integer(inference.patchCount(memberCount: network.memberCount))]
    }
}
