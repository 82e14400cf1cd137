import Documents
import Volumes

/// What is remembered of a raw case so that its prediction can return to the original grid: `CASE.json`.
public struct CaseProperties: Sendable, Equatable {
    /// Of the raw image, `[D, H, W]` as stored in the file (before the plans' transposition), millimetres.
    public var spacing: [Double] { geometry.spacing }
    /// Of the first channel's file.
    public var geometry: Geometry
    /// `[D, H, W]` after the transposition.
    public var shapeBeforeCropping: [Int]
    /// The non-zero region, after the transposition.
    public var boundingBox: BoundingBox
    /// `[D, H, W]` after transposition and crop, before resampling.
    public var shapeAfterCropping: [Int]

    public init(geometry: Geometry, shapeBeforeCropping: [Int], boundingBox: BoundingBox, shapeAfterCropping: [Int]) {
        self.geometry = geometry
        self.shapeBeforeCropping = shapeBeforeCropping
        self.boundingBox = boundingBox
        self.shapeAfterCropping = shapeAfterCropping
    }

    /// nnU-Net's properties, and the geometry as this program needs it.
    var json: JSONObject {
        [
            "sitk_stuff": [
                "spacing": .reals(geometry.spacing.reversed()), "origin": .reals(geometry.origin),
                "direction": .reals(geometry.direction),
            ],
            "spacing": .reals(geometry.spacing),
            "shape_before_cropping": .integers(shapeBeforeCropping),
            "bbox_used_for_cropping": .array(
                zip(boundingBox.lower, boundingBox.upper).map { .integers([$0, $1]) }),
            "shape_after_cropping_and_before_resampling": .integers(shapeAfterCropping),
            "geometry": geometry.json,
        ]
    }

    init?(json: JSONValue) {
        guard let geometry = json["geometry"].flatMap({ Geometry(json: $0) }),
            let before = json["shape_before_cropping"]?.integers, before.count == 3,
            let box = json["bbox_used_for_cropping"]?.array?.compactMap(\.integers), box.count == 3,
            box.allSatisfy({ $0.count == 2 && $0[0] >= 0 && $0[0] <= $0[1] }),
            let after = json["shape_after_cropping_and_before_resampling"]?.integers, after.count == 3
        else { return nil }
        self.init(
            geometry: geometry, shapeBeforeCropping: before,
            boundingBox: BoundingBox(lower: box.map { $0[0] }, upper: box.map { $0[1] }), shapeAfterCropping: after)
    }
}
