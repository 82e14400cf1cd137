import Datasets
import Documents
import Patches
import Tensors

/// What chance decides about patches, and what becomes of them.
enum AugmentationProbe {
    /// Request: `patch`, `channels`, `mirrorAxes`, `count`, `seed`. Answer: all draws.
    @Sendable static func draws(_ request: Request) throws -> JSONValue {
        .array(try allDraws(request).map(json))
    }

    /// Request: as for draws, and `image` `[C, D, H, W]` and `labels` `[D, H, W]` of a case; `corner` of the enlarged
    /// patch in it; `transform`, the only one that is applied, in the first draws that have it (absent: all transforms,
    /// in all draws); `masked`, channels; `images` and `targets`, paths. Answer: the draws that were applied.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let image = try request.array("image", of: Float.self)
        let labels = try request.array("labels", of: Int16.self)
        let source = PatchSource(identifier: "case", image: image, labels: labels, locations: [])
        let channelCount = source.channelCount
        let size = try request.integers("patch")
        let reader = PatchReader(
            contentSize: size, tensorSize: size, channelCount: channelCount,
            maskedChannels: (0..<channelCount).map(Set(try request.integers("masked")).contains))
        let corner = SIMD3(try request.integers("corner"))
        let seed = UInt64(try request.integer("seed"))
        let draws = try allDraws(request)
        let voxels = size.reduce(1, *)
        let images = AlignedBuffer<Float>(count: draws.count * channelCount * voxels)
        let targets = AlignedBuffer<Int16>(count: draws.count * voxels)
        let scratch = PatchScratch()
        for (index, draw) in draws.enumerated() {
            reader.read(
                from: source,
                PatchPlan(corner: corner, isForced: false, geometry: reader.geometry, draws: draw),
                noise: NoiseStream(seed: seed, iteration: 0, index: index),
                image: images.pointer + index * channelCount * voxels, labels: targets.pointer + index * voxels,
                presence: UnsafeMutableBufferPointer(start: nil, count: 0), scratch: scratch)
        }
        try request.write(images.array, shape: [draws.count, channelCount] + size, to: "images")
        try request.write(targets.array, shape: [draws.count] + size, to: "targets")
        return .array(draws.map(json))
    }

    /// `count` draws: all of them, or with `transform` the first ones in which it happens, without anything else.
    private static func allDraws(_ request: Request) throws -> [AugmentationDraws] {
        let geometry = PatchGeometry(patchSize: try request.integers("patch"))
        var axes = SIMDMask<SIMD3<Int>>()
        for axis in try request.integers("mirrorAxes") { axes[axis] = true }
        let (seed, channels) = (UInt64(try request.integer("seed")), try request.integer("channels"))
        let (count, transform) = (try request.integer("count"), request.json["transform"]?.string)
        var draws: [AugmentationDraws] = []
        var index = 0
        while draws.count < count {
            var stream = RandomStream(seed: seed, purpose: .augmentation, index: index)
            let all = AugmentationDraws(geometry: geometry, channelCount: channels, mirrorAxes: axes, using: &stream)
            let kept = try transform.map { try only($0, all) } ?? all
            if transform == nil || kept != AugmentationDraws() { draws.append(kept) }
            index += 1
        }
        return draws
    }

    /// The draws of one transform.
    private static func only(_ transform: String, _ draws: AugmentationDraws) throws -> AugmentationDraws {
        var kept = AugmentationDraws()
        switch transform {
        case "spatial": (kept.rotation, kept.scale) = (draws.rotation, draws.scale)
        case "noise": kept.noiseDeviation = draws.noiseDeviation
        case "blur": kept.blur = draws.blur
        case "brightness": kept.brightness = draws.brightness
        case "contrast": kept.contrast = draws.contrast
        case "lowResolution": kept.lowResolution = draws.lowResolution
        case "invertedGamma": kept.invertedGamma = draws.invertedGamma
        case "gamma": kept.gamma = draws.gamma
        case "mirror": kept.flips = draws.flips
        default: throw RequestError(description: "no transform is called \"\(transform)\"")
        }
        return kept
    }

    private static func json(_ draws: AugmentationDraws) -> JSONValue {
        func list(_ values: [Float]) -> JSONValue { .reals(values.map(Double.init)) }
        func triple(_ values: SIMD3<Float>?) -> JSONValue { values.map { list([$0[0], $0[1], $0[2]]) } ?? .null }
        func number(_ value: Float?) -> JSONValue { value.map { .real(Double($0)) } ?? .null }
        return [
            "rotation": triple(draws.rotation), "scale": number(draws.scale), "noise": number(draws.noiseDeviation),
            "blur": .array(draws.blur.map(triple)), "brightness": list(draws.brightness),
            "contrast": list(draws.contrast), "lowResolution": .array(draws.lowResolution.map(number)),
            "invertedGamma": list(draws.invertedGamma), "gamma": list(draws.gamma),
            "mirror": .integers((0..<3).filter { draws.flips[$0] }),
        ]
    }
}
