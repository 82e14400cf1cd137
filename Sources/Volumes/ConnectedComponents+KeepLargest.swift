import Tensors

extension ConnectedComponents {
    /// Keeps the largest connected component of all voxels that carry one of `selected`, and sets the others of them
    /// to 0; several of the same largest size are all kept.
    ///
    /// - Shapes: labels `[D, H, W]`.
    /// - Returns: the number of voxels that were set to 0.
    @discardableResult
    public static func keepLargest(
        in labels: inout Tensor<Int16>, of selected: Set<Int>, connectivity: Connectivity = .corners
    ) -> Int { keepLargest(inAny: &labels, of: selected, connectivity: connectivity) }

    /// As ``keepLargest(in:of:connectivity:)-(Tensor<Int16>,_,_)``, for labels of 8 bits.
    @discardableResult
    public static func keepLargest(
        in labels: inout Tensor<UInt8>, of selected: Set<Int>, connectivity: Connectivity = .corners
    ) -> Int { keepLargest(inAny: &labels, of: selected, connectivity: connectivity) }

    /// As ``keepLargest(in:of:connectivity:)-(Tensor<Int16>,_,_)``, for labels of 32 bits.
    @discardableResult
    public static func keepLargest(
        in labels: inout Tensor<Int32>, of selected: Set<Int>, connectivity: Connectivity = .corners
    ) -> Int { keepLargest(inAny: &labels, of: selected, connectivity: connectivity) }

    private static func keepLargest<Label: FixedWidthInteger & Sendable>(
        inAny labels: inout Tensor<Label>, of selected: Set<Int>, connectivity: Connectivity
    ) -> Int {
        let mask = mask(of: labels, selected: selected)
        let runs = mask.withUnsafeBufferPointer {
            VoxelRuns($0, shape: labels.shape, connectivity: connectivity)
        }
        let sizes = runs.sizes
        let largest = sizes.max() ?? 0
        var removedCount = 0
        labels.scalars.withUnsafeMutableBufferPointer { target in
            // Runs lie inside their lines, and lines inside the volume.
            runs.forEach { run, lineStart in
                guard sizes[Int(run.component)] < largest else { return }
                removedCount += Int(run.end - run.start)
                for w in Int(run.start)..<Int(run.end) { target[lineStart + w] = 0 }
            }
        }
        return removedCount
    }

    /// Where a voxel carries one of the selected labels; a table answers for labels below 65536.
    private static func mask<Label: FixedWidthInteger & Sendable>(
        of labels: Tensor<Label>, selected: Set<Int>
    ) -> [Bool] {
        let table = (0..<65536).map { selected.contains($0) }
        return labels.scalars.map { label in
            label >= 0 && Int(label) < 65536 ? table[Int(label)] : selected.contains(Int(label))
        }
    }
}
