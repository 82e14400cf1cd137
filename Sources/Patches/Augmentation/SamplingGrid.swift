/// The positions in a case that the voxels of a patch show: an affine grid in fixed-point numbers.
///
/// Positions have 32 fractional bits, so that walking along a row is exact additions and the part of a row that lies
/// inside the case follows by integer division.
package struct SamplingGrid {
    typealias Fixed = SIMD3<Int64>

    static let fractionBits: Int64 = 32
    static let one: Int64 = 1 << fractionBits

    /// The voxel at or below a coordinate.
    @inline(__always) static func whole(_ coordinate: Int64) -> Int { Int(truncatingIfNeeded: coordinate &>> 32) }

    /// Position of voxel (0, 0, 0) of the patch.
    private let origin: Fixed
    /// Change of the position per voxel along D and H.
    private let stepD: Fixed
    private let stepH: Fixed
    /// Change of the position per voxel along W.
    let stepW: Fixed
    let patchSize: SIMD3<Int>
    /// Whether every voxel lies exactly on a slice of the case, so that nothing is interpolated along D.
    let isOnSlices: Bool

    /// A grid around `center`, turned and scaled: voxel k shows `R S (k − (P − 1) / 2) + center`, with
    /// `R = R_W R_H R_D`.
    package init(geometry: PatchGeometry, center: SIMD3<Double>, rotation: SIMD3<Float>?, scale: Float?) {
        let size = geometry.patchSize
        let factor = Double(scale ?? 1)
        let angles = rotation ?? SIMD3()
        var columns: [SIMD3<Double>]
        if geometry.isSliceWise {
            let matrix = RotationMatrix.about(axis: 0, angle: Double(angles[0]))
            columns = [SIMD3(1, 0, 0), matrix.column(1) * factor, matrix.column(2) * factor]
        } else {
            let matrix =
                RotationMatrix.about(axis: 2, angle: Double(angles[2]))
                * RotationMatrix.about(axis: 1, angle: Double(angles[1]))
                * RotationMatrix.about(axis: 0, angle: Double(angles[0]))
            columns = (0..<3).map { matrix.column($0) * factor }
        }
        var start = center
        for axis in 0..<3 { start -= columns[axis] * (Double(size[axis] - 1) / 2) }
        patchSize = size
        origin = Self.fixed(start)
        stepD = Self.fixed(columns[0])
        stepH = Self.fixed(columns[1])
        stepW = Self.fixed(columns[2])
        isOnSlices = stepH[0] == 0 && stepW[0] == 0 && stepD[0] == Self.one && origin[0] & (Self.one - 1) == 0
    }

    /// Position of the first voxel of a row.
    func rowStart(_ d: Int, _ h: Int) -> Fixed { origin &+ stepD &* Int64(d) &+ stepH &* Int64(h) }

    /// The voxels at or below the positions, and one more along every axis: what any position shows lies in this box.
    /// The corners decide, as the grid is affine and its numbers are exact.
    var box: (lower: SIMD3<Int>, upper: SIMD3<Int>) {
        var lower = SIMD3(repeating: Int.max)
        var upper = SIMD3(repeating: Int.min)
        for corner in 0..<8 {
            let (d, h) = (corner & 1 == 0 ? 0 : patchSize[0] - 1, corner & 2 == 0 ? 0 : patchSize[1] - 1)
            let position = rowStart(d, h) &+ stepW &* (corner & 4 == 0 ? 0 : Int64(patchSize[2] - 1))
            for axis in 0..<3 {
                lower[axis] = min(lower[axis], Self.whole(position[axis]))
                upper[axis] = max(upper[axis], Self.whole(position[axis]) + 2)
            }
        }
        return (lower, upper)
    }

    /// The voxels of a row whose position lies in `lower ..< upper` along every axis (whole voxels).
    func span(from start: Fixed, lower: SIMD3<Int>, upper: SIMD3<Int>) -> Range<Int> {
        var first = 0
        var end = patchSize[2]
        for axis in 0..<3 {
            let step = stepW[axis]
            let below = (Int64(lower[axis]) << Self.fractionBits) - start[axis]
            let above = (Int64(upper[axis]) << Self.fractionBits) - start[axis]
            if step == 0 {
                if below > 0 || above <= 0 { return 0..<0 }
            } else if step > 0 {
                first = max(first, Self.ceiling(below, step))
                end = min(end, Self.ceiling(above, step))
            } else {
                first = max(first, Self.floor(-above, -step) + 1)
                end = min(end, Self.floor(-below, -step) + 1)
            }
        }
        return first < end ? first..<end : 0..<0
    }

    private static func fixed(_ value: SIMD3<Double>) -> Fixed {
        Fixed((0..<3).map { Int64((value[$0] * Double(one)).rounded(.toNearestOrEven)) })
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return Int(remainder < 0 ? quotient - 1 : quotient)
    }

    private static func ceiling(_ value: Int64, _ divisor: Int64) -> Int { -floor(-value, divisor) }
}
