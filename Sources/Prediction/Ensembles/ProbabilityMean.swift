import Datasets
import Tensors

/// The mean of the probabilities that several models gave for one case, and the labels that follow from it.
///
/// Source: nnU-Net: float32 sums in the order of the models, divided by their number; then the class of the largest mean,
/// the lowest on ties, or with regions every region above one half, later ones over earlier ones. The files are read side
/// by side, class by class, so memory holds two volumes, however many classes and models there are.
package struct ProbabilityMean {
    private let labelManager: LabelManager
    private let keepsProbabilities: Bool

    private static let pieceCount = 1 << 15

    /// - Parameter keepsProbabilities: whether the mean is wanted besides the labels; it takes a volume per class.
    package init(labelManager: LabelManager, keepsProbabilities: Bool = false) {
        self.labelManager = labelManager
        self.keepsProbabilities = keepsProbabilities
    }

    /// Reads the files of one case.
    ///
    /// - Parameters:
    ///   - paths: one file per model.
    ///   - volumeShape: `[D, H, W]` of the case.
    /// - Shapes: labels `[D, H, W]`, probabilities `[heads, D, H, W]`.
    /// - Throws: ``EnsembleError`` for a file that is damaged or of another shape.
    package func merge(
        _ paths: [String], volumeShape: [Int]
    ) throws(EnsembleError) -> (labels: Tensor<Int32>, probabilities: Tensor<Float>?) {
        let shape = [labelManager.headCount] + volumeShape
        var readers: [ProbabilityReader] = []
        for path in paths {
            let reader = try ProbabilityReader(path: path)
            guard reader.shape == shape else {
                throw .probabilities(
                    path: path,
                    problem: "its array has the shape \(reader.shape), but dataset.json and the label map "
                        + "ask for \(shape)")
            }
            readers.append(reader)
        }
        let voxelCount = volumeShape.reduce(1, *)
        var labels = Tensor<Int32>(shape: volumeShape, repeating: 0)
        var probabilities = keepsProbabilities ? Tensor<Float>(shape: shape, repeating: 0) : nil
        let best = labelManager.hasRegions ? nil : AlignedBuffer<Float>(count: voxelCount)
        let (sum, term) = (AlignedBuffer<Float>(count: Self.pieceCount), AlignedBuffer<Float>(count: Self.pieceCount))
        for head in 0..<shape[0] {
            for start in stride(from: 0, to: voxelCount, by: Self.pieceCount) {
                let count = min(Self.pieceCount, voxelCount - start)
                try average(readers, count: count, sum: sum, term: term)
                let place = head * voxelCount + start
                probabilities?.scalars.withUnsafeMutableBufferPointer { target in
                    _ = target[place..<place + count].update(fromContentsOf: sum.elements[..<count])
                }
                labels.scalars.withUnsafeMutableBufferPointer { target in
                    let target = UnsafeMutableBufferPointer(rebasing: target[start..<start + count])
                    decide(head: head, sum.pointer, best.map { $0.pointer + start }, target)
                }
            }
        }
        return (labels, probabilities)
    }

    /// Leaves the mean of the readers' next values in `sum`.
    private func average(
        _ readers: [ProbabilityReader], count: Int, sum: AlignedBuffer<Float>, term: AlignedBuffer<Float>
    ) throws(EnsembleError) {
        for (index, reader) in readers.enumerated() {
            let target = UnsafeMutableBufferPointer(start: (index == 0 ? sum : term).pointer, count: count)
            try reader.read(into: target)
            guard index > 0 else { continue }
            for voxel in 0..<count { sum.pointer[voxel] += term.pointer[voxel] }
        }
        let modelCount = Float(readers.count)
        for voxel in 0..<count { sum.pointer[voxel] /= modelCount }
    }

    /// Takes one class or region into account.
    private func decide(
        head: Int, _ mean: UnsafeMutablePointer<Float>, _ best: UnsafeMutablePointer<Float>?,
        _ labels: UnsafeMutableBufferPointer<Int32>
    ) {
        guard let best else {
            let label = Int32(labelManager.regionsClassOrder[head])
            for voxel in labels.indices where mean[voxel] > 0.5 { labels[voxel] = label }
            return
        }
        for voxel in labels.indices where head == 0 || mean[voxel] > best[voxel] {
            best[voxel] = mean[voxel]
            labels[voxel] = Int32(head)
        }
    }
}
