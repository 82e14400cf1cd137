/// The part of a case that a turned or scaled patch can see. Outside of it is nothing, even where the case goes on.
///
/// Source: nnU-Net's loader cuts an enlarged patch, and its transforms know only that. A patch that zooms out by more
/// than the enlargement allows shows the border.
package struct CaseWindow: Sendable, Equatable {
    /// First voxel along every axis.
    package let lower: SIMD3<Int>
    /// The voxel behind the last one.
    package let upper: SIMD3<Int>

    /// What a box of `size` voxels at `corner`, which may stick out, has in common with a case.
    package init(corner: SIMD3<Int>, size: SIMD3<Int>, in caseSize: SIMD3<Int>) {
        lower = pointwiseMax(corner, SIMD3())
        upper = pointwiseMin(corner &+ size, caseSize)
    }

    /// Whether nothing can be seen.
    var isEmpty: Bool { any(upper .<= lower) }
}
