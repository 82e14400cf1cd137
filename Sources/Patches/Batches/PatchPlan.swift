/// All that chance decides about one patch, drawn before a voxel is touched.
package struct PatchPlan {
    /// Which voxels of the case the patch shows.
    enum View {
        /// A plain copy from this corner on.
        case crop(corner: SIMD3<Int>)
        /// An interpolation on a turned and scaled grid, of what the enlarged patch at this corner shows.
        case grid(SamplingGrid, corner: SIMD3<Int>)
    }

    /// Whether the patch had to be placed on foreground.
    let isForced: Bool
    let view: View
    let draws: AugmentationDraws

    /// A patch without augmentation.
    ///
    /// - Parameter corner: lower corner of the patch in the case.
    init(plainAt corner: SIMD3<Int>, isForced: Bool) {
        self.isForced = isForced
        view = .crop(corner: corner)
        draws = AugmentationDraws()
    }

    /// An augmented patch.
    ///
    /// - Parameter corner: lower corner of the enlarged patch in the case.
    package init(corner: SIMD3<Int>, isForced: Bool, geometry: PatchGeometry, draws: AugmentationDraws) {
        let (size, enlarged) = (geometry.patchSize, geometry.enlargedSize)
        self.isForced = isForced
        self.draws = draws
        if draws.isAligned {
            var inner = corner
            for axis in 0..<3 { inner[axis] += enlarged[axis] / 2 - size[axis] / 2 }
            view = .crop(corner: inner)
        } else {
            var center = SIMD3<Double>()
            for axis in 0..<3 { center[axis] = Double(corner[axis]) + Double(enlarged[axis] - 1) / 2 }
            view = .grid(
                SamplingGrid(geometry: geometry, center: center, rotation: draws.rotation, scale: draws.scale),
                corner: corner)
        }
    }

    /// Asks for what the patch shows to be in the cache soon.
    func prefetch(from source: PatchSource, geometry: PatchGeometry) {
        switch view {
        case .crop(let corner):
            source.prefetch(lower: corner, upper: corner &+ geometry.patchSize)
        case .grid(let grid, _):
            let box = grid.box
            source.prefetch(lower: box.lower, upper: box.upper)
        }
    }
}
