import Volumes

/// Tells whether a stored fingerprint belongs to a raw dataset.
enum FingerprintCheck {
    /// Compares number, spacing and size of the cases with the files' headers; reads no voxel.
    static func fits(_ fingerprint: Fingerprint, _ dataset: RawDataset) -> Bool {
        guard fingerprint.spacings.count == dataset.cases.count,
            fingerprint.intensityProperties.count == dataset.description.channelNames.count
        else { return false }
        for (index, rawCase) in dataset.cases.enumerated() {
            guard let path = rawCase.imagePaths.first, let header = try? NIfTI.readHeader(path),
                zip(header.spacing, fingerprint.spacings[index]).allSatisfy({ abs($0 - $1) <= 1e-6 * abs($1) }),
                zip(header.shape.dropFirst(), fingerprint.shapesAfterCrop[index]).allSatisfy({ $0 >= $1 })
            else { return false }
        }
        return true
    }
}
