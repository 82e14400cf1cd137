import Tensors

/// The connected components of a mask.
public struct ConnectedComponents: Sendable {
    /// `[D, H, W]`: 0 outside, else the component's number from 1, in the order of their first voxels (as SciPy).
    public let labels: Tensor<Int32>
    /// Voxels of components 1, 2, ….
    public let sizes: [Int]

    /// - Shapes: mask `[D, H, W]`.
    public init(of mask: Tensor<Bool>, connectivity: Connectivity = .corners) {
        let runs = mask.scalars.withUnsafeBufferPointer {
            VoxelRuns($0, shape: mask.shape, connectivity: connectivity)
        }
        var labels = [Int32](repeating: 0, count: mask.count)
        labels.withUnsafeMutableBufferPointer { target in
            // Runs lie inside their lines, and lines inside the volume.
            runs.forEach { run, lineStart in
                for w in Int(run.start)..<Int(run.end) { target[lineStart + w] = run.component + 1 }
            }
        }
        self.labels = Tensor(shape: mask.shape, scalars: labels)
        self.sizes = runs.sizes
    }

    /// Fills the holes of a mask: what is false and cannot be reached over faces from the volume's border.
    ///
    /// - Shapes: mask `[D, H, W]`.
    public static func fillHoles(in mask: inout Tensor<Bool>) {
        let shape = mask.shape
        let (depth, height, width) = (shape[0], shape[1], shape[2])
        mask.scalars.withUnsafeMutableBufferPointer { buffer in
            let background = VoxelRuns(UnsafeBufferPointer(buffer), shape: shape, of: false, connectivity: .faces)
            var touchesBorder = [Bool](repeating: false, count: background.componentCount)
            background.forEach { run, lineStart in
                let (d, h) = (lineStart / width / height, lineStart / width % height)
                if d == 0 || d == depth - 1 || h == 0 || h == height - 1 || run.start == 0 || run.end == width {
                    touchesBorder[Int(run.component)] = true
                }
            }
            background.forEach { run, lineStart in
                guard !touchesBorder[Int(run.component)] else { return }
                for w in Int(run.start)..<Int(run.end) { buffer[lineStart + w] = true }
            }
        }
    }
}
