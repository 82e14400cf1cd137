import Tensors

extension Image {
    /// The same image with its voxel axes turned and reversed so that i runs to the right, j to anterior and k to
    /// superior (RAS+), as nearly as its axes allow; nothing is interpolated.
    public func canonical() -> Image {
        // sources[x] is the voxel axis (0 is i) that lies nearest to world axis x.
        let sources = nearestVoxelAxes()
        let isReversed = (0..<3).map { geometry.affine[$0 * 4 + sources[$0]] < 0 }
        let shape = voxels.shape
        let lengths = [shape[3], shape[2], shape[1]]
        if sources == [0, 1, 2], !isReversed.contains(true) { return self }

        // World = affine · old index, and old index = permutation and reversal of the new index.
        var affine = geometry.affine
        for axis in 0..<3 {
            let source = sources[axis]
            for row in 0..<3 {
                let step = geometry.affine[row * 4 + source]
                affine[row * 4 + axis] = isReversed[axis] ? 0 - step : step
                if isReversed[axis] { affine[row * 4 + 3] += step * Double(lengths[source] - 1) }
            }
        }
        let oldSpacing = [geometry.spacing[2], geometry.spacing[1], geometry.spacing[0]]
        var result = geometry
        result.affine = affine
        result.spacing = [oldSpacing[sources[2]], oldSpacing[sources[1]], oldSpacing[sources[0]]]
        result.isPlanar = geometry.isPlanar && sources[2] == 2
        if let form = geometry.quaternionForm {
            result.quaternionForm = NIfTIGeometry.quaternionForm(of: affine, code: form.code)
        }
        if let form = geometry.matrixForm {
            result.matrixForm = Geometry.MatrixForm(code: form.code, rows: Array(affine[..<12]))
        }
        return Image(
            voxels: voxels.reordered(sources: sources, isReversed: isReversed), geometry: result,
            storedType: storedType)
    }

    /// For world axes x, y, z the voxel axis whose direction is nearest, each used once, the surest choice first.
    private func nearestVoxelAxes() -> [Int] {
        var sources = [-1, -1, -1]
        var cosines: [(size: Double, world: Int, voxel: Int)] = []
        for voxel in 0..<3 {
            let length = (0..<3).reduce(0) { $0 + geometry.affine[$1 * 4 + voxel] * geometry.affine[$1 * 4 + voxel] }
            for world in 0..<3 {
                let size = length > 0 ? abs(geometry.affine[world * 4 + voxel]) / length.squareRoot() : 0
                cosines.append((size, world, voxel))
            }
        }
        cosines.sort { ($0.size, -$0.world, -$0.voxel) > ($1.size, -$1.world, -$1.voxel) }
        for cosine in cosines where sources[cosine.world] < 0 && !sources.contains(cosine.voxel) {
            sources[cosine.world] = cosine.voxel
        }
        return sources
    }
}

extension Tensor where Scalar == Float {
    /// A copy of `[C, D, H, W]` whose axis i (the last) is the old axis `sources[0]`, j `sources[1]`, k `sources[2]`,
    /// reversed where `isReversed` says so.
    fileprivate func reordered(sources: [Int], isReversed: [Bool]) -> Tensor {
        let lengths = [shape[3], shape[2], shape[1]]
        let oldSteps = [1, shape[3], shape[3] * shape[2]]
        let newLengths = sources.map { lengths[$0] }
        var steps = sources.map { oldSteps[$0] }
        var start = 0
        for axis in 0..<3 where isReversed[axis] {
            start += (newLengths[axis] - 1) * steps[axis]
            steps[axis] = -steps[axis]
        }
        let volume = lengths[0] * lengths[1] * lengths[2]
        let newShape = [shape[0], newLengths[2], newLengths[1], newLengths[0]]
        let result = [Float](unsafeUninitializedCapacity: count) { target, initializedCount in
            scalars.withUnsafeBufferPointer { source in
                // `start + i·step` runs over every voxel of one channel once, so all indices lie inside both buffers.
                var next = 0
                for channel in 0..<shape[0] {
                    for k in 0..<newLengths[2] {
                        for j in 0..<newLengths[1] {
                            var old = channel * volume + start + k * steps[2] + j * steps[1]
                            for _ in 0..<newLengths[0] {
                                target[next] = source[old]
                                next += 1
                                old += steps[0]
                            }
                        }
                    }
                }
            }
            initializedCount = count
        }
        return Tensor(shape: newShape, scalars: result)
    }
}
