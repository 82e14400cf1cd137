internal import Glibc

/// Where a volume's voxels lie in space, and how its file said so.
///
/// - Units: millimeters. World axes of ``affine`` are right, anterior, superior (RAS); those of ``origin`` and
///   ``direction`` left, posterior, superior (LPS), as SimpleITK reports them.
public struct Geometry: Sendable, Equatable {
    /// Distance of neighboring voxels along `[D, H, W]`. For a 2-D file that of D is 999 times the largest other one,
    /// as nnU-Net has it.
    public var spacing: [Double]
    /// Voxel index `(i, j, k)` = `(w, h, d)` to RAS world, 4 × 4, row by row.
    public var affine: [Double]
    /// NIfTI's method 2, absent when the file does not use it.
    public var quaternionForm: QuaternionForm?
    /// NIfTI's method 3, absent when the file does not use it.
    public var matrixForm: MatrixForm?
    /// Whether the file has two axes, so that D is one slice.
    public var isPlanar: Bool

    /// A rotation given by a quaternion, with the voxel sizes apart (nifti1.h, "method 2").
    public struct QuaternionForm: Sendable, Equatable {
        /// NIfTI's `qform_code`, at least 1.
        public var code: Int
        /// `b, c, d` of the unit quaternion.
        public var quaternion: [Double]
        /// World position of voxel (0, 0, 0), RAS.
        public var offset: [Double]
        /// −1 when the third voxel axis is reversed, else 1.
        public var handedness: Double
    }

    /// An affine matrix (nifti1.h, "method 3").
    public struct MatrixForm: Sendable, Equatable {
        /// NIfTI's `sform_code`, at least 1.
        public var code: Int
        /// The first three rows, 12 numbers, RAS.
        public var rows: [Double]
    }

    init(
        spacing: [Double], affine: [Double], quaternionForm: QuaternionForm?, matrixForm: MatrixForm?, isPlanar: Bool
    ) {
        self.spacing = spacing
        self.affine = affine
        self.quaternionForm = quaternionForm
        self.matrixForm = matrixForm
        self.isPlanar = isPlanar
    }

    /// The geometry of a new volume.
    ///
    /// - Parameters:
    ///   - spacing: along `[D, H, W]`.
    ///   - origin: world position of the first voxel, `(x, y, z)` in LPS.
    ///   - direction: 3 × 3, row by row, LPS; column 0 is the direction of W, column 1 of H, column 2 of D.
    public init(
        spacing: [Double], origin: [Double] = [0, 0, 0], direction: [Double] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    ) {
        precondition(
            spacing.count == 3 && origin.count == 3 && direction.count == 9,
            "a geometry needs 3, 3 and 9 numbers, not \(spacing.count), \(origin.count) and \(direction.count)")
        var affine = [Double](repeating: 0, count: 16)
        for row in 0..<3 {
            let sign: Double = row < 2 ? -1 : 1
            for column in 0..<3 { affine[row * 4 + column] = sign * direction[row * 3 + column] * spacing[2 - column] }
            affine[row * 4 + 3] = sign * origin[row]
        }
        affine[15] = 1
        self.init(
            spacing: spacing, affine: affine, quaternionForm: NIfTIGeometry.quaternionForm(of: affine, code: 1),
            matrixForm: MatrixForm(code: 1, rows: Array(affine[..<12])), isPlanar: false)
    }

    /// World position of the first voxel, `(x, y, z)` in LPS.
    public var origin: [Double] { [0 - affine[3], 0 - affine[7], affine[11]] }

    /// Unit vectors of the voxel axes W, H, D as columns, 3 × 3, row by row, LPS.
    public var direction: [Double] {
        var direction = [Double](repeating: 0, count: 9)
        for column in 0..<3 {
            let entries = (0..<3).map { affine[$0 * 4 + column] }
            let length = entries.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for row in 0..<3 where length > 0 {
                // 0 − x and not −x: no negative zeros.
                direction[row * 3 + column] = (row < 2 ? 0 - entries[row] : entries[row]) / length
            }
        }
        return direction
    }

    /// Whether both describe the same grid: spacing, origin and direction agree within `tolerance`.
    public func agrees(with other: Geometry, tolerance: Double = 1e-3) -> Bool {
        zip(spacing + origin + direction, other.spacing + other.origin + other.direction)
            .allSatisfy { abs($0 - $1) <= tolerance }
    }
}
