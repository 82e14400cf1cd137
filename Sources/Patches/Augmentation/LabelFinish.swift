/// The last step of every patch: voxels outside the mask of the image.
package enum LabelFinish {
    /// Turns −1 into 0 in the labels, and sets the marked channels of the image to 0 there.
    ///
    /// - Parameters:
    ///   - image: `[C, voxelCount]`.
    ///   - maskedChannels: channels whose normalization looked at the mask only.
    ///   - presence: gets true at every label that occurs; labels beyond its end are not reported.
    package static func apply(
        labels: UnsafeMutablePointer<Int16>, image: UnsafeMutablePointer<Float>, voxelCount: Int,
        maskedChannels: [Int], presence: UnsafeMutableBufferPointer<Bool>
    ) {
        for channel in maskedChannels {
            let values = image + channel * voxelCount
            for index in 0..<voxelCount { values[index] = labels[index] < 0 ? 0 : values[index] }
        }
        var index = 0
        while index < voxelCount {
            let label = labels[index]
            guard label >= 0 else {
                labels[index] = 0
                if !presence.isEmpty { presence[0] = true }
                index += 1
                continue
            }
            if Int(label) < presence.count { presence[Int(label)] = true }
            index = endOfRun(labels, from: index + 1, count: voxelCount, label: label)
        }
    }

    /// The first voxel from `start` on that has another label.
    @inline(__always)
    private static func endOfRun(
        _ labels: UnsafePointer<Int16>, from start: Int, count: Int, label: Int16
    ) -> Int {
        let four = UInt64(UInt16(bitPattern: label)) &* 0x0001_0001_0001_0001
        var index = start
        while index + 4 <= count,
            UnsafeRawPointer(labels + index).loadUnaligned(as: UInt64.self) == four
        { index += 4 }
        while index < count, labels[index] == label { index += 1 }
        return index
    }
}
