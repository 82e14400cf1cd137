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
        var previous: Int16 = -1
        for index in 0..<voxelCount {
            let label = labels[index]
            if label < 0 {
                labels[index] = 0
                if !presence.isEmpty { presence[0] = true }
            } else if label != previous {
                previous = label
                if Int(label) < presence.count { presence[Int(label)] = true }
            }
        }
    }
}
