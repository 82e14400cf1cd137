import Tensors

/// Brings one channel's intensities to a common scale.
///
/// Source: nnU-Net's normalization schemes. Sums run in double precision; values are single.
enum Normalization {
    /// Why a channel cannot be normalized.
    struct Failure: Error {
        let reason: String
    }

    /// Normalizes `voxels` in place.
    ///
    /// - Parameters:
    ///   - mask: label map of the same voxels; statistics and change where it is not negative. Nil: everywhere.
    ///   - dataset: statistics of the channel over the dataset; used by CT only.
    static func apply(
        _ scheme: NormalizationScheme, to voxels: UnsafeMutableBufferPointer<Float>,
        mask: UnsafeBufferPointer<Int16>?, dataset: IntensityProperties?
    ) throws(Failure) {
        switch scheme {
        case .none: break
        case .zScore: zScore(voxels, mask: mask)
        case .ct:
            guard let dataset else {
                throw Failure(reason: "the plans hold no intensity statistics for a CT channel; plan again")
            }
            let low = Float(dataset.percentile005)
            let high = Float(dataset.percentile995)
            let mean = Float(dataset.mean)
            let deviation = Float(max(dataset.std, 1e-8))
            for index in voxels.indices { voxels[index] = (min(max(voxels[index], low), high) - mean) / deviation }
        case .rescaleTo01:
            let (low, high) = range(voxels)
            let width = max(high - low, 1e-8)
            for index in voxels.indices { voxels[index] = (voxels[index] - low) / width }
        case .rgbTo01:
            let (low, high) = range(voxels)
            guard low >= 0, high <= 255 else {
                throw Failure(
                    reason: "a channel named rgb_to_0_1 holds values from \(low) to \(high); they must lie in 0 … 255")
            }
            for index in voxels.indices { voxels[index] /= 255 }
        }
    }

    private static func zScore(_ voxels: UnsafeMutableBufferPointer<Float>, mask: UnsafeBufferPointer<Int16>?) {
        var count = 0
        var sum = 0.0
        if let mask {
            for index in voxels.indices where mask[index] >= 0 {
                count += 1
                sum += Double(voxels[index])
            }
        } else {
            count = voxels.count
            for value in voxels { sum += Double(value) }
        }
        guard count > 0 else { return }
        let mean = sum / Double(count)
        var squares = 0.0
        for index in voxels.indices where mask.map({ $0[index] >= 0 }) ?? true {
            let difference = Double(voxels[index]) - mean
            squares += difference * difference
        }
        let center = Float(mean)
        let deviation = max(Float((squares / Double(count)).squareRoot()), 1e-8)
        for index in voxels.indices where mask.map({ $0[index] >= 0 }) ?? true {
            voxels[index] = (voxels[index] - center) / deviation
        }
    }

    private static func range(_ voxels: UnsafeMutableBufferPointer<Float>) -> (low: Float, high: Float) {
        var low = Float.infinity
        var high = -Float.infinity
        for value in voxels {
            low = min(low, value)
            high = max(high, value)
        }
        return (low, high)
    }
}
