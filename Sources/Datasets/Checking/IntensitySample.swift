#if canImport(Glibc)
    import Glibc
#endif

/// A random sample of one channel's foreground intensities, drawn with replacement: each different value once, with
/// how often it was drawn.
struct IntensitySample: Sendable {
    /// Ascending.
    let values: [Float]
    let counts: [UInt32]

    /// Draws `size` of some voxels as `RandomState.choice(voxels, size, replace=True)` does.
    init(of voxels: [Float], size: Int, random: inout NumPyRandom) {
        guard !voxels.isEmpty else {
            (values, counts) = ([], [])
            return
        }
        let drawn = random.countsOfChoice(from: voxels.count, size: size)
        let order = voxels.indices.filter { drawn[$0] > 0 }.sorted { voxels[$0] < voxels[$1] }
        var values: [Float] = []
        var counts: [UInt32] = []
        for index in order {
            if values.last == voxels[index] {
                counts[counts.count - 1] += drawn[index]
            } else {
                values.append(voxels[index])
                counts.append(drawn[index])
            }
        }
        self.values = values
        self.counts = counts
    }
}

extension IntensityProperties {
    /// The statistics of several samples taken together.
    ///
    /// Sums run in double precision; the results are rounded to single precision, the type in which nnU-Net computes.
    /// - Returns: nil when the samples are empty.
    init?(pooling samples: [IntensitySample]) {
        var total = 0
        var sum = 0.0
        for sample in samples {
            for (value, count) in zip(sample.values, sample.counts) {
                total += Int(count)
                sum += Double(value) * Double(count)
            }
        }
        guard total > 0 else { return nil }
        let mean = sum / Double(total)
        var squares = 0.0
        for sample in samples {
            for (value, count) in zip(sample.values, sample.counts) {
                let difference = Double(value) - mean
                squares += difference * difference * Double(count)
            }
        }
        let order = OrderStatistics(samples: samples, total: total)
        self.init(
            mean: Double(Float(mean)), median: order.percentile(50),
            std: Double(Float((squares / Double(total)).squareRoot())), min: order.value(at: 0),
            max: order.value(at: total - 1), percentile995: order.percentile(99.5), percentile005: order.percentile(0.5)
        )
    }
}

/// Finds single elements of the sorted union of samples without building it: two passes over 16 bits each.
private struct OrderStatistics {
    let samples: [IntensitySample]
    let total: Int

    /// The value at a position (from 0) of the sorted union.
    func value(at position: Int) -> Double {
        var remaining = position
        let high = bucket(holding: &remaining) { key in (Int(key >> 16), true) }
        let low = bucket(holding: &remaining) { key in (Int(key & 0xFFFF), Int(key >> 16) == high) }
        return Double(Self.value(of: UInt32(high << 16 | low)))
    }

    /// Linear between neighbours, from the nearer end, as NumPy computes it.
    func percentile(_ share: Double) -> Double {
        let position = share / 100 * Double(total - 1)
        let lower = Int(position)
        return interpolate(value(at: lower), value(at: Swift.min(lower + 1, total - 1)), position - Double(lower))
    }

    private func bucket(holding position: inout Int, _ digit: (UInt32) -> (digit: Int, isIncluded: Bool)) -> Int {
        var histogram = [Int](repeating: 0, count: 1 << 16)
        for sample in samples {
            for (value, count) in zip(sample.values, sample.counts) {
                let (bucket, isIncluded) = digit(Self.key(of: value))
                if isIncluded { histogram[bucket] += Int(count) }
            }
        }
        for (bucket, count) in histogram.enumerated() {
            if position < count { return bucket }
            position -= count
        }
        preconditionFailure("position \(position) lies beyond \(total) elements")
    }

    /// A number whose unsigned order is that of the floating-point values.
    private static func key(of value: Float) -> UInt32 {
        let bits = value.bitPattern
        return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    }

    private static func value(of key: UInt32) -> Float {
        Float(bitPattern: key & 0x8000_0000 == 0 ? ~key : key & 0x7FFF_FFFF)
    }
}
