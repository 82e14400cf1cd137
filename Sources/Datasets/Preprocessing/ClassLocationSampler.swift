import Tensors

/// Draws the voxels of each class that foreground patches are later centered on.
///
/// Source: nnU-Net's sampling since 2025-12: per class or region at least 10 000 voxels or 1 %, without replacement,
/// one
/// `RandomState(1234)` per case. Voxels of a region are counted label by label, in the order of its labels.
public enum ClassLocationSampler {
    private static let seed: UInt32 = 1234
    private static let smallestSample = 10_000
    private static let smallestShare = 0.01

    /// Samples every key's voxels.
    ///
    /// - Parameters:
    ///   - labels: `[D, H, W]`, −1 outside the mask.
    ///   - keys: ``LabelManager/locationKeys``.
    public static func sample(_ labels: Tensor<Int16>, keys: [[Int]]) -> [ClassLocations] {
        let voxels = voxelsByLabel(labels, wanted: Set(keys.flatMap(\.self)))
        var random = NumPyRandom(seed: seed)
        let (height, width) = (labels.shape[1], labels.shape[2])
        return keys.map { key in
            let ranges = key.compactMap { voxels[$0] }
            let total = ranges.reduce(0) { $0 + $1.count }
            guard total > 0 else { return ClassLocations(key: key, voxels: VoxelList([])) }
            let share = Int((Double(total) * smallestShare).rounded(.up))
            let size = max(min(smallestSample, total), share)
            let chosen = random.choiceWithoutReplacement(from: total, size: size)
            let sampled = chosen.map { offset -> SIMD3<Int32> in
                var offset = Int(offset)
                for range in ranges {
                    if offset < range.count {
                        let voxel = Int(range[offset])
                        return SIMD3(
                            Int32(voxel / (height * width)), Int32(voxel / width % height), Int32(voxel % width))
                    }
                    offset -= range.count
                }
                preconditionFailure("offset beyond \(total) voxels")
            }
            return ClassLocations(key: key, voxels: VoxelList(sampled))
        }
    }

    /// The positions of each wanted label's voxels in C order; labels that do not occur are left out.
    private static func voxelsByLabel(_ labels: Tensor<Int16>, wanted: Set<Int>) -> [Int: [UInt32]] {
        precondition(labels.count <= Int(UInt32.max), "a case of \(labels.count) voxels")
        // One slot per wanted label; −1 where a label is not wanted. Int16 values are offset to start at 0.
        var slots = [Int32](repeating: -1, count: 1 << 16)
        let order = wanted.sorted()
        for (slot, label) in order.enumerated() where label >= Int(Int16.min) && label <= Int(Int16.max) {
            slots[label + 32768] = Int32(slot)
        }
        var counts = [Int](repeating: 0, count: order.count)
        labels.scalars.withUnsafeBufferPointer { values in
            slots.withUnsafeBufferPointer { slots in
                for value in values {
                    let slot = slots[Int(value) + 32768]
                    if slot >= 0 { counts[Int(slot)] += 1 }
                }
            }
        }
        var lists = counts.map { [UInt32](repeating: 0, count: $0) }
        for (slot, label) in order.enumerated() where counts[slot] > 0 {
            lists[slot].withUnsafeMutableBufferPointer { list in
                labels.scalars.withUnsafeBufferPointer { values in
                    var position = 0
                    for index in values.indices where Int(values[index]) == label {
                        list[position] = UInt32(index)
                        position += 1
                    }
                }
            }
        }
        var result: [Int: [UInt32]] = [:]
        for (slot, label) in order.enumerated() where counts[slot] > 0 { result[label] = lists[slot] }
        return result
    }
}
