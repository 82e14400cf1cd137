import Datasets
import Documents

/// Why a picture cannot be made.
public enum PictureError: Error, CustomStringConvertible {
    case png(reason: String)
    case channel(Int, identifier: String, count: Int)
    case shapesDiffer(identifier: String, image: [Int], labels: [Int])
    case labelsMissing(identifier: String)
    case tooManyLabels(identifier: String)
    case caseFailed(identifier: String, reason: String)
    case dataset(DatasetError)
    case file(FileError)

    public var description: String {
        switch self {
        case .png(let reason): "cannot make a PNG file: \(reason)"
        case .channel(let channel, let identifier, let count):
            "case \(identifier) has \(count) channel\(count == 1 ? "" : "s"), so there is no channel \(channel): give "
                + "-channel_idx from 0 to \(count - 1)"
        case .shapesDiffer(let identifier, let image, let labels):
            "case \(identifier): the image has the shape \(image), but the label map \(labels); both must lie on the same "
                + "grid"
        case .labelsMissing(let identifier): "case \(identifier) has no label map to lay over its image"
        case .tooManyLabels(let identifier):
            "case \(identifier): the label map has more than \(Overlay.mostLabels) different values; is it an image?"
        case .caseFailed(let identifier, let reason): "case \(identifier): \(reason)"
        case .dataset(let error): error.description
        case .file(let error): error.description
        }
    }
}
