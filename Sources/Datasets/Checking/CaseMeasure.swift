import Tensors
import Volumes

/// What one case contributes to the fingerprint.
struct CaseMeasure: Sendable {
    let spacing: [Double]
    let shapeAfterCrop: [Int]
    let relativeSize: Double
    /// One per channel.
    let samples: [IntensitySample]

    private static let seed: UInt32 = 1234

    /// - Parameters:
    ///   - image: `[C, D, H, W]`; `labels`: `[D, H, W]`.
    ///   - sampleSize: intensities drawn per channel.
    init(image: Tensor<Float>, labels: Tensor<Int16>, spacing: [Double], sampleSize: Int) {
        let crop = NonZeroCrop(of: image, labels: labels)
        let (cropped, mask) = (crop.image, crop.labels)
        self.spacing = spacing
        shapeAfterCrop = mask.shape
        relativeSize = Double(mask.count) / Double(labels.count)
        let count = mask.count
        let foregroundCount = mask.scalars.count { $0 > 0 }
        var random = NumPyRandom(seed: Self.seed)
        var samples: [IntensitySample] = []
        for channel in 0..<image.shape[0] {
            var voxels: [Float] = []
            voxels.reserveCapacity(foregroundCount)
            cropped.scalars.withUnsafeBufferPointer { values in
                mask.scalars.withUnsafeBufferPointer { mask in
                    for index in 0..<count where mask[index] > 0 { voxels.append(values[channel * count + index]) }
                }
            }
            samples.append(IntensitySample(of: voxels, size: sampleSize, random: &random))
        }
        self.samples = samples
    }
}

extension Fingerprint {
    /// The fingerprint of cases that were measured one by one.
    ///
    /// A dataset without a single foreground voxel has statistics of zeros.
    init(pooling measures: [CaseMeasure], channelCount: Int) {
        let none = IntensityProperties(
            mean: 0, median: 0, std: 0, min: 0, max: 0, percentile995: 0, percentile005: 0)
        self.init(
            spacings: measures.map(\.spacing), shapesAfterCrop: measures.map(\.shapeAfterCrop),
            intensityProperties: (0..<channelCount).map { channel in
                IntensityProperties(pooling: measures.map { $0.samples[channel] }) ?? none
            },
            medianRelativeSize: median(of: measures.map(\.relativeSize)))
    }
}
