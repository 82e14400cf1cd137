import Tensors

/// A slice of an image with its label map laid over it in colors.
///
/// Source: nnU-Net's overlays. Colors belong to labels here, where nnU-Net's belong to the labels' ranks among those of
/// the slice, so that a label looks the same in all pictures.
package enum Overlay {
    /// Red, green and blue of labels 1, 2, …, which repeat after the last one.
    static let colors: [[Double]] = [
        [0x43, 0x63, 0xD8], [0xF5, 0x82, 0x31], [0x3C, 0xB4, 0x4B], [0xE6, 0x19, 0x4B], [0x91, 0x1E, 0xB4],
        [0xFF, 0xE1, 0x19], [0xBF, 0xEF, 0x45], [0x42, 0xD4, 0xF4], [0xF0, 0x32, 0xE6], [0x00, 0x00, 0x75],
        [0x9A, 0x63, 0x24], [0x80, 0x80, 0x00], [0x80, 0x00, 0x00], [0x46, 0x99, 0x90],
    ]

    /// More different values are an image, which would take memory for every value and slice.
    package static let mostLabels = 1 << 16

    /// The slice that shows most of the foreground: the mean over the labels of the share of each that lies in the
    /// slice, the first slice on ties, and the first one of all without foreground.
    ///
    /// As in nnU-Net, a label's voxels are divided by their number plus the shares of the labels before it.
    /// - Shapes: labels `[D, H, W]`; only those above 0 are foreground.
    /// - Returns: nil for more than ``mostLabels`` labels.
    package static func bestSlice(of labels: Tensor<Int32>) -> Int? {
        let (depth, sliceCount) = (labels.shape[0], labels.shape[1] * labels.shape[2])
        // Voxels per slice of every label.
        var counts: [Int32: [Double]] = [:]
        for slice in 0..<depth {
            var start = slice * sliceCount
            let end = start + sliceCount
            while start < end {
                let label = labels.scalars[start]
                var next = start + 1
                while next < end, labels.scalars[next] == label { next += 1 }
                if label > 0 {
                    if counts[label] == nil, counts.count == mostLabels { return nil }
                    counts[label, default: Array(repeating: 0, count: depth)][slice] += Double(next - start)
                }
                start = next
            }
        }
        var shares = [Double](repeating: 0, count: depth)
        var sum = 0.0
        for label in counts.keys.sorted() {
            guard let count = counts[label] else { continue }
            let divisor = sum + count.reduce(0, +)
            for slice in 0..<depth {
                shares[slice] += count[slice] / divisor
                sum += count[slice] / divisor
            }
        }
        return shares.indices.max { shares[$0] < shares[$1] || (shares[$0] == shares[$1] && $0 > $1) } ?? 0
    }

    /// The picture of one slice: gray from the slice's smallest value to its largest one, plus the labels' colors times
    /// the intensity, all scaled so that the brightest number is 255. A voxel that is not finite is black.
    ///
    /// - Shapes: image and labels `[H, W]`; the picture is as high and wide, whatever the spacing.
    package static func picture(
        image: some RandomAccessCollection<Float>, labels: some RandomAccessCollection<Int32>, height: Int, width: Int,
        intensity: Double
    ) -> Picture {
        let finite = image.lazy.filter(\.isFinite)
        let smallest = finite.min() ?? 0
        let range = (finite.max() ?? 0) - smallest
        var values: [Double] = []
        values.reserveCapacity(3 * image.count)
        for (value, label) in zip(image, labels) {
            let gray = range > 0 && value.isFinite ? Double((value - smallest) / range * 255) : 0
            let color = label > 0 ? colors[(Int(label) - 1) % colors.count] : [0, 0, 0]
            for channel in color { values.append(gray + intensity * channel) }
        }
        let brightest = values.max() ?? 0
        let pixels = values.map { value in
            let scaled = (value / brightest * 255).rounded(.down)
            // Not a number where nothing is bright, or the numbers exceed their type.
            return (0...255).contains(scaled) ? UInt8(scaled) : 0
        }
        return Picture(width: width, height: height, pixels: pixels)
    }
}
