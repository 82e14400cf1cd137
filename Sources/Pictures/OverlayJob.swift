import Datasets
import Documents
import Synchronization
import Tensors
import Threads
import Volumes

/// Draws one overlay per training case of a dataset.
public struct OverlayJob: Sendable {
    /// Where images and labels come from.
    public enum Source: Sendable {
        case raw(RawDataset)
        case preprocessed(CaseStore)
    }

    public let source: Source
    public let outputFolder: String
    /// Number of the image's channel.
    public let channel: Int
    /// How bright the colors are, against an image from 0 to 1.
    public let intensity: Double

    public init(source: Source, outputFolder: String, channel: Int = 0, intensity: Double = 0.6) {
        self.source = source
        self.outputFolder = outputFolder
        self.channel = channel
        self.intensity = intensity
    }

    public var identifiers: [String] {
        switch source {
        case .raw(let dataset): dataset.cases.map(\.identifier)
        case .preprocessed(let store): store.identifiers
        }
    }

    /// Writes `CASE.png` for every case.
    ///
    /// - Parameters:
    ///   - limit: at most so many cases at a time; as many as threads when absent.
    ///   - progress: called after each case with the number of cases done and to do, from any thread.
    /// - Throws: ``PictureError``, the first one in the order of the cases.
    public func run(
        limit: Int? = nil, progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(PictureError) {
        do { try FileAccess.makeFolder(outputFolder) } catch { throw .file(error) }
        let identifiers = identifiers
        let done = Mutex(0)
        _ = try Threads.map(identifiers.count, limit: limit) { (index) throws(PictureError) in
            try picture(at: index).write(to: "\(outputFolder)/\(identifiers[index]).png")
            done.withLock { count in
                count += 1
                progress(count, identifiers.count)
            }
        }
    }

    private func picture(at index: Int) throws(PictureError) -> Picture {
        switch source {
        case .raw(let dataset): try picture(of: dataset.cases[index])
        case .preprocessed(let store): try picture(of: store, store.identifiers[index])
        }
    }

    private func picture(of rawCase: RawCase) throws(PictureError) -> Picture {
        let identifier = rawCase.identifier
        guard rawCase.imagePaths.indices.contains(channel) else {
            throw .channel(channel, identifier: identifier, count: rawCase.imagePaths.count)
        }
        guard let labelPath = rawCase.labelPath else { throw .labelsMissing(identifier: identifier) }
        let (voxels, labels): (Tensor<Float>, Tensor<Int32>)
        do {
            voxels = try NIfTI.read(rawCase.imagePaths[channel]).voxels
            labels = try NIfTI.readLabels(labelPath).labels
        } catch { throw .caseFailed(identifier: identifier, reason: error.description) }
        guard Array(voxels.shape.dropFirst()) == labels.shape else {
            throw .shapesDiffer(identifier: identifier, image: Array(voxels.shape.dropFirst()), labels: labels.shape)
        }
        return try voxels.scalars.withUnsafeBufferPointer { (image) throws(PictureError) in
            try picture(image: image, labels: labels, identifier: identifier)
        }
    }

    private func picture(of store: CaseStore, _ identifier: String) throws(PictureError) -> Picture {
        let preprocessed: PreprocessedCase
        do { preprocessed = try store.open(identifier) } catch { throw .dataset(error) }
        guard (0..<preprocessed.channelCount).contains(channel) else {
            throw .channel(channel, identifier: identifier, count: preprocessed.channelCount)
        }
        let labels = Tensor<Int32>(
            shape: preprocessed.volumeShape, scalars: preprocessed.labels.map { max(0, Int32($0)) })
        let volume = preprocessed.image[channel * labels.count..<(channel + 1) * labels.count]
        return try picture(image: UnsafeBufferPointer(rebasing: volume), labels: labels, identifier: identifier)
    }

    /// - Shapes: image and labels `[D, H, W]`.
    private func picture(
        image: UnsafeBufferPointer<Float>, labels: Tensor<Int32>, identifier: String
    ) throws(PictureError) -> Picture {
        let (height, width) = (labels.shape[1], labels.shape[2])
        guard let slice = Overlay.bestSlice(of: labels) else { throw .tooManyLabels(identifier: identifier) }
        let voxels = slice * height * width..<(slice + 1) * height * width
        return Overlay.picture(
            image: image[voxels], labels: labels.scalars[voxels], height: height, width: width, intensity: intensity)
    }
}
