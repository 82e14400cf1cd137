import Documents
import Prediction

/// Where the sliding window stands, and how its voxels count.
enum WindowProbe {
    /// Request: `windows`, a list of `shape`, `patch` and `step`; `maps`, a list of `patch` and `path`. Answer: the
    /// starts per axis in the padded image, and the padding in front.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        for map in try request.parts("maps") {
            let patch = try map.integers("patch")
            try map.write(GaussianMap(patchSize: patch).weights(), shape: patch, to: "path")
        }
        return .array(
            try request.parts("windows").map { part in
                let window = try SlidingWindow(
                    imageShape: part.integers("shape"), patchSize: part.integers("patch"), stepSize: part.number("step")
                )
                return [
                    "starts": .array(window.starts.map(JSONValue.integers)), "padding": .integers(window.padding),
                ]
            })
    }
}
