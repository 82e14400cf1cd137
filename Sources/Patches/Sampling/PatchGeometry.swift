import Foundation

/// What follows from the size of a patch alone: how far it may turn, and how much of a case it may touch.
///
/// Source: nnU-Net's rules for rotation ranges, slice-wise augmentation and the enlarged patch of its loader.
public struct PatchGeometry: Sendable, Equatable {
    /// Voxels per axis of the patch, `[D, H, W]`.
    public let patchSize: SIMD3<Int>
    /// The patch that nnU-Net cuts before it turns and scales; it decides where patches may lie.
    public let enlargedSize: SIMD3<Int>
    /// Whether slices along D are so few that all of them share one transform in the plane: the longest axis has more
    /// than three times the voxels of D.
    public let isSliceWise: Bool
    /// Largest angle of a rotation, in radians.
    public let rotationLimit: Double

    /// - Precondition: three positive sizes.
    public init(patchSize: [Int]) {
        precondition(patchSize.count == 3 && patchSize.allSatisfy { $0 > 0 }, "a patch of size \(patchSize)")
        let size = SIMD3(patchSize[0], patchSize[1], patchSize[2])
        self.patchSize = size
        isSliceWise = size.max() > 3 * size[0]
        rotationLimit = isSliceWise ? .pi : .pi / 6
        var enlarged = Self.enlarged(size, angle: min(rotationLimit, .pi / 2))
        if isSliceWise { enlarged[0] = size[0] }
        enlargedSize = enlarged
    }

    /// The box of the patch turned by `angle` about each axis by itself, with room for a zoom by 0.85.
    private static func enlarged(_ size: SIMD3<Int>, angle: Double) -> SIMD3<Int> {
        let extent = SIMD3(Double(size[0]), Double(size[1]), Double(size[2]))
        var box = extent
        for axis in 0..<3 {
            let turned = RotationMatrix.about(axis: axis, angle: angle).applied(toRow: extent)
            for other in 0..<3 { box[other] = max(box[other], abs(turned[other])) }
        }
        return SIMD3(Int(box[0] / 0.85), Int(box[1] / 0.85), Int(box[2] / 0.85))
    }
}

/// A matrix that acts on `(d, h, w)` vectors.
struct RotationMatrix: Equatable {
    /// Rows of the matrix.
    var rows: [SIMD3<Double>]

    /// A rotation about one axis: `[[1,0,0],[0,c,−s],[0,s,c]]` about D, `[[c,0,s],[0,1,0],[−s,0,c]]` about H,
    /// `[[c,−s,0],[s,c,0],[0,0,1]]` about W.
    static func about(axis: Int, angle: Double) -> RotationMatrix {
        let (c, s) = (cos(angle), sin(angle))
        switch axis {
        case 0: return RotationMatrix(rows: [SIMD3(1, 0, 0), SIMD3(0, c, -s), SIMD3(0, s, c)])
        case 1: return RotationMatrix(rows: [SIMD3(c, 0, s), SIMD3(0, 1, 0), SIMD3(-s, 0, c)])
        default: return RotationMatrix(rows: [SIMD3(c, -s, 0), SIMD3(s, c, 0), SIMD3(0, 0, 1)])
        }
    }

    /// `row · self`.
    func applied(toRow row: SIMD3<Double>) -> SIMD3<Double> { row[0] * rows[0] + row[1] * rows[1] + row[2] * rows[2] }

    static func * (left: RotationMatrix, right: RotationMatrix) -> RotationMatrix {
        RotationMatrix(rows: left.rows.map(right.applied(toRow:)))
    }

    /// The image of the unit vector along `axis`.
    func column(_ axis: Int) -> SIMD3<Double> { SIMD3(rows[0][axis], rows[1][axis], rows[2][axis]) }
}
