import Archives
import Checkpoints
import Datasets
import Documents
import Tensors
import Volumes

/// The files of a folder of predictions: `CASE.nii.gz`, and with probabilities `CASE.npz` and the
/// case's properties, `CASE.json` and `CASE.pkl`.
public struct PredictionFiles: Sendable {
    public let folder: String
    /// What label maps end with, e.g. `.nii.gz`.
    public let fileEnding: String

    public init(folder: String, fileEnding: String) {
        self.folder = folder
        self.fileEnding = fileEnding
    }

    public func labelPath(_ identifier: String) -> String { "\(folder)/\(identifier)\(fileEnding)" }
    public func probabilityPath(_ identifier: String) -> String { "\(folder)/\(identifier).npz" }
    /// nnU-Net's properties of the case, as JSON.
    public func propertiesPath(_ identifier: String) -> String { "\(folder)/\(identifier).json" }
    /// The same as the Python pickle that nnU-Net's ensembling reads. It is written, and never read.
    public func picklePath(_ identifier: String) -> String { "\(folder)/\(identifier).pkl" }

    /// Whether everything that is wanted of a case is there.
    public func isComplete(_ identifier: String, withProbabilities: Bool) -> Bool {
        FileAccess.exists(labelPath(identifier))
            && (!withProbabilities || FileAccess.exists(probabilityPath(identifier)))
    }

    /// Writes a case; the label map comes last, so that a case with a label map is complete. Every file appears whole.
    public func write(_ prediction: CasePrediction, identifier: String) throws {
        if let probabilities = prediction.probabilities {
            try write(probabilities: probabilities, identifier: identifier)
            let properties = Self.document(prediction.properties)
            try FileAccess.replace(propertiesPath(identifier), with: properties.text(indent: 4))
            try FileAccess.replace(picklePath(identifier), with: PickleWriter.pickle(properties))
        }
        try NIfTI.write(
            labels: prediction.labels, geometry: prediction.properties.geometry, to: labelPath(identifier))
    }

    /// Writes the probabilities of a case.
    ///
    /// - Shapes: `[heads, D, H, W]`.
    func write(probabilities: Tensor<Float>, identifier: String) throws {
        let archive = try ZipWriter(path: probabilityPath(identifier))
        try NumPyFile.header(of: Float.self, shape: probabilities.shape).withUnsafeBytes { header in
            try probabilities.scalars.withUnsafeBytes { voxels in
                try archive.add("probabilities.npy", parts: [header, voxels])
            }
        }
        try archive.finish()
    }

    /// Copies the properties of a case, in the forms that are there.
    func copyProperties(_ identifier: String, from other: PredictionFiles) throws(FileError) {
        let paths = [
            (other.propertiesPath(identifier), propertiesPath(identifier)),
            (other.picklePath(identifier), picklePath(identifier)),
        ]
        for (source, target) in paths where FileAccess.exists(source) {
            try FileAccess.replace(target, with: FileAccess.read(source))
        }
    }

    /// nnU-Net's properties; its names keep the order in which it writes them.
    private static func document(_ properties: CaseProperties) -> JSONValue {
        let geometry = properties.geometry
        return [
            "sitk_stuff": [
                "spacing": .reals(geometry.spacing.reversed()), "origin": .reals(geometry.origin),
                "direction": .reals(geometry.direction),
            ],
            "spacing": .reals(properties.spacing),
            "shape_before_cropping": .integers(properties.shapeBeforeCropping),
            "bbox_used_for_cropping": .array(
                zip(properties.boundingBox.lower, properties.boundingBox.upper).map { .integers([$0, $1]) }),
            "shape_after_cropping_and_before_resampling": .integers(properties.shapeAfterCropping),
        ]
    }
}
