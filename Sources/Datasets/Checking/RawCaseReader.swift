import Tensors
import Volumes

/// The voxels of one raw case.
public struct LoadedCase: Sendable {
    /// `[C, D, H, W]` in the file's axis order.
    public var image: Tensor<Float>
    /// `[D, H, W]`; nil where no label file was read.
    public var labels: Tensor<Int16>?
    /// Of the first channel's file.
    public var geometry: Geometry
}

/// Reads the files of a case and joins its channels.
public enum RawCaseReader {
    /// Reads a case for preprocessing or inference.
    ///
    /// - Parameter withLabels: also read the label file, if the case has one.
    /// - Throws: ``DatasetError/caseFailed(_:reason:)`` for a file that cannot be read, for channels of different shape
    ///   or spacing, for another number of channels, for voxels that are not finite, for labels beyond 32767.
    public static func read(
        _ rawCase: RawCase, channelCount: Int, withLabels: Bool = true
    ) throws(DatasetError) -> LoadedCase {
        var images: [Image] = []
        var labels: LabelImage?
        do throws(VolumeError) {
            for path in rawCase.imagePaths { images.append(try NIfTI.read(path)) }
            if withLabels, let path = rawCase.labelPath { labels = try NIfTI.readLabels(path) }
        } catch { throw .caseFailed(rawCase.identifier, reason: error.description) }
        var check = CaseCheck(rawCase: rawCase, channelCount: channelCount, declaredLabels: nil)
        check.inspect(images: images, labels: labels)
        if let problem = check.errors.first { throw .caseFailed(rawCase.identifier, reason: problem.description) }
        return LoadedCase(image: join(images), labels: labels.map { narrow($0.labels) }, geometry: images[0].geometry)
    }

    /// The channels of several images of one shape as one array.
    static func join(_ images: [Image]) -> Tensor<Float> {
        if images.count == 1 { return images[0].voxels }
        let volume = Array(images[0].voxels.shape.dropFirst())
        let channelCount = images.reduce(0) { $0 + $1.voxels.shape[0] }
        var scalars: [Float] = []
        scalars.reserveCapacity(channelCount * volume.reduce(1, *))
        for image in images { scalars += image.voxels.scalars }
        return Tensor(shape: [channelCount] + volume, scalars: scalars)
    }

    /// Labels that were checked to fit into 16 bits.
    static func narrow(_ labels: Tensor<Int32>) -> Tensor<Int16> {
        Tensor(shape: labels.shape, scalars: labels.scalars.map { Int16(truncatingIfNeeded: $0) })
    }
}
