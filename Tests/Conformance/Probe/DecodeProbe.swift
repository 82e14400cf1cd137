import Datasets
import Documents
import Prediction
import Tensors

/// The way from logits back to labels on the raw image's grid.
enum DecodeProbe {
    /// Request: `logits` `[heads, D, H, W]`; `labels` and `regionsClassOrder`; `before`, `lower`, `crop`: the shape
    /// before cropping, the crop's first voxel and its shape; `spacing` of the case and `current` of the configuration;
    /// `forward`, the transposition; `result` and perhaps `probabilities`, paths.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let logits = try request.array("logits", of: Float.self)
        let grid = OriginalGrid(
            shapeBeforeCropping: try request.integers("before"), cropLower: try request.integers("lower"),
            cropShape: try request.integers("crop"), spacing: try request.numbers("spacing"),
            transposeForward: try request.integers("forward"))
        let shape = Array(logits.shape.dropFirst())
        let decoder = CaseDecoder(
            sourceShape: shape, grid: grid, currentSpacing: try request.numbers("current"),
            rule: ResamplingRule(order: .linear), labelManager: try request.labelManager(),
            keepsProbabilities: request.json["probabilities"]?.string != nil)
        let values = AlignedBuffer(logits.scalars)
        decoder.receive(LogitsSlab(slices: 0..<shape[0], logits: UnsafePointer(values.pointer)))
        let (labels, probabilities) = decoder.finish()
        try request.write(labels.scalars, shape: labels.shape, to: "result")
        if let probabilities {
            try request.write(probabilities.scalars, shape: probabilities.shape, to: "probabilities")
        }
        return ["shape": .integers(labels.shape)]
    }
}
