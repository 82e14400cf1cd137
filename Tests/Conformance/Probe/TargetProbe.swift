import Documents
import Objectives
import Tensors

/// The labels of a batch at every supervised level.
enum TargetProbe {
    /// Request: `target` `[N, D, H, W]`; `sizes`, one per level, the patch first; `levels`, a path per level.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let target = try request.array("target", of: Int16.self)
        let pyramid = TargetPyramid(batchSize: target.shape[0], sizes: try request.rows("sizes"))
        let labels = AlignedBuffer(target.scalars)
        pyramid.fill(from: labels.pointer)
        for (level, path) in try request.texts("levels").enumerated() {
            let shape = [pyramid.batchSize] + pyramid.sizes[level]
            let values = pyramid.withLabels(level: level) {
                Array(UnsafeBufferPointer(start: $0, count: shape.reduce(1, *)))
            }
            try Request.write(values, shape: shape, path: path)
        }
        return [:]
    }
}
