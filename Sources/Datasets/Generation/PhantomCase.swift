import Tensors
import Volumes

/// One generated case.
struct PhantomCase: Sendable {
    let image: Image
    /// `[D, H, W]`.
    let labels: Tensor<UInt8>

    static let largeOrganLabel: UInt8 = 1
    static let smallOrganLabel: UInt8 = 2
    static let lesionLabel: UInt8 = 3

    /// Paints a case: a pure function of seed, index and size.
    init(seed: UInt64, index: Int, size: [Int]) {
        var random = RandomStream(seed: seed, purpose: .phantom, index: index)
        let spacing = (0..<3).map { _ in Double(90 + random.integer(below: 41)) / 100 }
        let half = SIMD3(Float(size[0]), Float(size[1]), Float(size[2])) / 2
        let voxel = 1 / half.min()
        let anatomy = PhantomAnatomy(voxel: voxel, random: &random)
        let (height, width) = (size[1], size[2])
        var voxels = [Float](repeating: 0, count: size.reduce(1, *))
        var labels = [UInt8](repeating: 0, count: voxels.count)
        // One stream per slice; their numbers never meet those of another case's slices.
        for d in 0..<size[0] {
            var noise = RandomStream(seed: seed, purpose: .noise, iteration: index, index: d)
            for h in 0..<height {
                for w in 0..<width {
                    let point = (SIMD3(Float(d), Float(h), Float(w)) + 0.5) / half - 1
                    let position = (d * height + h) * width + w
                    let (value, label) = Self.paint(anatomy, at: point, voxel: voxel)
                    // Three uniform numbers added: near enough to a normal one, and the same bits on every machine.
                    let sum = noise.uniform(-1..<1) + noise.uniform(-1..<1) + noise.uniform(-1..<1)
                    // A magnitude, as of MRI, and nowhere zero: zeros would be taken for voxels outside the image.
                    voxels[position] = max(1, (abs(value + 9 * sum) * 4).rounded())
                    labels[position] = label
                }
            }
        }
        for lesion in anatomy.lesions {
            let place = (lesion.center + 1) * half
            let index = (0..<3).map { min(max(Int(place[$0]), 0), size[$0] - 1) }
            labels[(index[0] * height + index[1]) * width + index[2]] = Self.lesionLabel
        }
        image = Image(
            voxels: Tensor(shape: [1] + size, scalars: voxels), geometry: Geometry(spacing: spacing),
            storedType: .int16)
        self.labels = Tensor(shape: size, scalars: labels)
    }

    /// Brightness without noise, and label, of one point.
    private static func paint(
        _ anatomy: PhantomAnatomy, at point: SIMD3<Float>, voxel: Float
    ) -> (value: Float, label: UInt8) {
        // Brightness changes over one voxel at each surface.
        func blend(_ below: Float, _ above: Float, _ depth: Float) -> Float {
            below + (above - below) * min(max(depth / voxel + 0.5, 0), 1)
        }
        let bodyDepth = anatomy.body.depth(at: point)
        let air: Float = 8
        var value = blend(air, anatomy.outerLayer, bodyDepth)
        var label: UInt8 = 0
        if bodyDepth > -voxel {
            value = blend(value, anatomy.innerLayer, bodyDepth - PhantomAnatomy.outerDepth)
            value = blend(value, anatomy.tissue, bodyDepth - PhantomAnatomy.innerDepth)
            for rod in anatomy.rods { value = blend(value, anatomy.small, rod.depth(at: point)) }
            for blob in anatomy.blobs { value = blend(value, anatomy.large, blob.depth(at: point)) }
            let small = anatomy.smallOrgan.depth(at: point)
            value = blend(value, anatomy.small, small)
            if small > 0 { label = smallOrganLabel }
            let large = anatomy.largeOrgan.depth(at: point)
            value = blend(value, anatomy.large, large)
            if large > 0 {
                label = largeOrganLabel
                for lesion in anatomy.lesions {
                    let depth = lesion.depth(at: point)
                    value = blend(value, anatomy.tissue, depth)
                    if depth > 0 { label = lesionLabel }
                }
            }
            for (direction, phase) in anatomy.texture {
                value += 3 * PhantomWave.height(at: (point * direction).sum() + phase)
            }
        }
        let bias = 1 + (point * anatomy.biasSlope).sum() + (point * point * anatomy.biasBend).sum()
        return (value * bias, label)
    }
}
