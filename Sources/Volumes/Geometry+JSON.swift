import Documents

extension Geometry {
    /// The geometry as JSON, exact to the last bit.
    public var json: JSONValue {
        var object: JSONObject = [
            "spacing": .reals(spacing), "affine": .reals(affine), "isPlanar": .bool(isPlanar),
        ]
        if let form = quaternionForm {
            object["quaternionForm"] = [
                "code": .integer(form.code), "quaternion": .reals(form.quaternion), "offset": .reals(form.offset),
                "handedness": .real(form.handedness),
            ]
        }
        if let form = matrixForm {
            object["matrixForm"] = ["code": .integer(form.code), "rows": .reals(form.rows)]
        }
        return .object(object)
    }

    /// Reads what ``json`` gave; nil where that is incomplete.
    public init?(json: JSONValue) {
        guard let spacing = json["spacing"]?.numbers, spacing.count == 3,
            let affine = json["affine"]?.numbers, affine.count == 16
        else { return nil }
        var quaternionForm: QuaternionForm?
        if let form = json["quaternionForm"] {
            guard let code = form["code"]?.integer, let quaternion = form["quaternion"]?.numbers,
                quaternion.count == 3, let offset = form["offset"]?.numbers, offset.count == 3,
                let handedness = form["handedness"]?.number
            else { return nil }
            quaternionForm = QuaternionForm(code: code, quaternion: quaternion, offset: offset, handedness: handedness)
        }
        var matrixForm: MatrixForm?
        if let form = json["matrixForm"] {
            guard let code = form["code"]?.integer, let rows = form["rows"]?.numbers, rows.count == 12 else {
                return nil
            }
            matrixForm = MatrixForm(code: code, rows: rows)
        }
        self.init(
            spacing: spacing, affine: affine, quaternionForm: quaternionForm, matrixForm: matrixForm,
            isPlanar: json["isPlanar"]?.bool ?? false)
    }
}
