import Tensors
import Threads

/// Images and labels that mean nothing: normal numbers, and labels drawn evenly.
///
/// - Determinism: a function of the seed and the sample.
public struct SyntheticBatch: Sendable {
    /// `[N, C, D, H, W]`.
    public let images: AlignedBuffer<Float>
    /// `[N, D, H, W]`, each in `0 ..< labelCount`.
    public let labels: AlignedBuffer<Int16>

    public init(sampleCount: Int, channelCount: Int, patchSize: [Int], labelCount: Int, seed: UInt64) {
        let voxelCount = patchSize.reduce(1, *)
        let images = AlignedBuffer<Float>(count: sampleCount * channelCount * voxelCount)
        let labels = AlignedBuffer<Int16>(count: sampleCount * voxelCount)
        Threads.forEach(sampleCount) { sample in
            var random = RandomStream(seed: seed, purpose: .benchmark, index: sample)
            let image = images.pointer + sample * channelCount * voxelCount
            for place in 0..<channelCount * voxelCount { image[place] = random.normal() }
            for voxel in 0..<voxelCount {
                labels.pointer[sample * voxelCount + voxel] = Int16(random.integer(below: labelCount))
            }
        }
        self.images = images
        self.labels = labels
    }
}
