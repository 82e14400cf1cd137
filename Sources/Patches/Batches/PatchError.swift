import Datasets

/// Why patches cannot be read.
public enum PatchError: Error, Sendable {
    /// There is nothing to draw from.
    case noCases
    /// A case could not be opened.
    case dataset(DatasetError)
    /// A case does not have the channels of the others.
    case channelCount(identifier: String, found: Int, expected: Int)
    /// Mirroring along an axis that a volume does not have.
    case mirrorAxis(Int)
    /// A batch read by all threads differs from the same one read by one thread.
    case notReproducible(patchSize: [Int], threadCount: Int)
}

extension PatchError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noCases:
            "there are no cases to draw patches from; check the fold in splits_final.json"
        case .dataset(let error):
            error.description
        case .channelCount(let identifier, let found, let expected):
            "the preprocessed case \(identifier) has \(found) channels, but the network takes \(expected); "
                + "run plan-and-preprocess again"
        case .mirrorAxis(let axis):
            "cannot mirror along axis \(axis); the axes of a volume are 0 (D), 1 (H) and 2 (W)"
        case .notReproducible(let patchSize, let threadCount):
            "a batch of patches of \(patchSize) voxels has other bits on \(threadCount) threads than on one, which is "
                + "an error of the program; nothing was timed"
        }
    }
}
