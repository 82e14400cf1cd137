internal import CNIfTI

/// NIfTI's ways to say where a volume lies, through libnifti.
enum NIfTIGeometry {
    /// libnifti prints to the standard error stream unless told not to.
    static let silence: Void = nifti_set_debug_level(0)

    /// The geometry in force for a header that libnifti has taken apart.
    ///
    /// The choice between the two forms is ITK's: no form gives the identity in LPS; the matrix when there is no
    /// quaternion, or when its code is 1 (scanner) and its columns are orthogonal; else the quaternion.
    static func geometry(of image: nifti_image, axisCount: Int) -> Geometry {
        let scale = millimeters(perUnit: Int(image.xyz_units))
        let sizes = [image.dx, image.dy, image.dz].map { abs($0) * scale }

        var quaternionForm: Geometry.QuaternionForm?
        if image.qform_code > 0 {
            quaternionForm = Geometry.QuaternionForm(
                code: Int(image.qform_code), quaternion: [image.quatern_b, image.quatern_c, image.quatern_d],
                offset: [image.qoffset_x, image.qoffset_y, image.qoffset_z].map { $0 * scale },
                handedness: image.qfac < 0 ? -1 : 1)
        }
        var matrixForm: Geometry.MatrixForm?
        if image.sform_code > 0 {
            matrixForm = Geometry.MatrixForm(
                code: Int(image.sform_code), rows: Array(entries(of: image.sto_xyz)[..<12]).map { $0 * scale })
        }

        var affine: [Double]
        if let matrixForm, quaternionForm == nil || (matrixForm.code == 1 && isOrthogonal(matrixForm.rows)) {
            affine = matrixForm.rows + [0, 0, 0, 1]
        } else if quaternionForm != nil {
            affine = entries(of: image.qto_xyz).map { $0 * scale }
            affine[15] = 1
        } else {
            affine = [-sizes[0], 0, 0, 0, 0, -sizes[1], 0, 0, 0, 0, sizes[2], 0, 0, 0, 0, 1]
        }
        let isPlanar = axisCount == 2
        let depth = isPlanar ? 999 * max(sizes[0], sizes[1]) : sizes[2]
        return Geometry(
            spacing: [depth, sizes[1], sizes[0]], affine: affine, quaternionForm: quaternionForm,
            matrixForm: matrixForm, isPlanar: isPlanar)
    }

    /// The quaternion nearest to an affine matrix.
    static func quaternionForm(of affine: [Double], code: Int) -> Geometry.QuaternionForm {
        var (b, c, d) = (0.0, 0.0, 0.0)
        var (x, y, z) = (0.0, 0.0, 0.0)
        var handedness = 1.0
        nifti_dmat44_to_quatern(matrix(affine), &b, &c, &d, &x, &y, &z, nil, nil, nil, &handedness)
        return Geometry.QuaternionForm(code: code, quaternion: [b, c, d], offset: [x, y, z], handedness: handedness)
    }

    private static func millimeters(perUnit code: Int) -> Double {
        switch code {
        case 1: 1000
        case 3: 0.001
        default: 1
        }
    }

    /// Whether the columns of three rows of an affine matrix are orthogonal, to 1e-4 of their lengths.
    private static func isOrthogonal(_ rows: [Double]) -> Bool {
        func product(_ left: Int, _ right: Int) -> Double {
            (0..<3).reduce(0) { $0 + rows[$1 * 4 + left] * rows[$1 * 4 + right] }
        }
        return [(0, 1), (0, 2), (1, 2)].allSatisfy { left, right in
            let lengths = (product(left, left) * product(right, right)).squareRoot()
            return lengths > 0 && abs(product(left, right)) <= 1e-4 * lengths
        }
    }

    private static func entries(of matrix: nifti_dmat44) -> [Double] {
        let m = matrix.m
        return [
            m.0.0, m.0.1, m.0.2, m.0.3, m.1.0, m.1.1, m.1.2, m.1.3, m.2.0, m.2.1, m.2.2, m.2.3, m.3.0, m.3.1, m.3.2,
            m.3.3,
        ]
    }

    private static func matrix(_ entries: [Double]) -> nifti_dmat44 {
        var matrix = nifti_dmat44()
        let e = entries
        matrix.m.0 = (e[0], e[1], e[2], e[3])
        matrix.m.1 = (e[4], e[5], e[6], e[7])
        matrix.m.2 = (e[8], e[9], e[10], e[11])
        matrix.m.3 = (e[12], e[13], e[14], e[15])
        return matrix
    }
}
