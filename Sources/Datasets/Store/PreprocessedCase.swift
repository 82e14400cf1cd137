import Documents
import Tensors

/// One preprocessed case, its arrays mapped into memory.
///
/// Safety: everything is read-only; the mappings live as long as the object.
public final class PreprocessedCase: @unchecked Sendable {
    public let identifier: String
    /// Shape of the image, `[C, D, H, W]`.
    public let shape: [Int]
    /// `[C, D, H, W]`, normalized.
    public let image: UnsafeBufferPointer<Float>
    /// `[D, H, W]`, −1 outside the non-zero mask.
    public let labels: UnsafeBufferPointer<Int16>
    public let properties: CaseProperties
    /// One entry per class or region, and with an ignore label one for the annotated voxels.
    public let classLocations: [ClassLocations]
    /// What keeps the memory of the arrays alive.
    private let owners: [AnyObject]

    public var channelCount: Int { shape[0] }
    /// `[D, H, W]`.
    public var volumeShape: [Int] { Array(shape.dropFirst()) }
    public var voxelCount: Int { labels.count }

    /// A case in memory instead of files.
    ///
    /// - Shapes: image `[C, D, H, W]`, labels `[D, H, W]`.
    public init(
        identifier: String, image: Tensor<Float>, labels: Tensor<Int16>, properties: CaseProperties,
        classLocations: [ClassLocations]
    ) {
        precondition(
            image.shape.count == 4 && labels.shape == Array(image.shape.dropFirst()),
            "image \(image.shape) and labels \(labels.shape) of one case")
        let imageBuffer = AlignedBuffer(image.scalars)
        let labelBuffer = AlignedBuffer(labels.scalars)
        self.identifier = identifier
        shape = image.shape
        self.image = UnsafeBufferPointer(imageBuffer.elements)
        self.labels = UnsafeBufferPointer(labelBuffer.elements)
        self.properties = properties
        self.classLocations = classLocations
        owners = [imageBuffer, labelBuffer]
    }

    /// Maps the files of a case.
    ///
    /// - Throws: ``DatasetError/caseFailed(_:reason:)`` when a file is missing, malformed or does not fit the others.
    init(identifier: String, folder: String) throws(DatasetError) {
        do throws(FileError) {
            let stem = folder + "/" + identifier
            let imageFile = try MappedFile(stem + ".npy")
            let labelFile = try MappedFile(stem + "_seg.npy")
            let locationFile = try MappedFile(stem + "_locations.npy")
            let description = try JSONValue(contentsOf: stem + ".json")
            let image = try NumPyFile.elements(of: imageFile, as: Float.self)
            let labels = try NumPyFile.elements(of: labelFile, as: Int16.self)
            let locations = try NumPyFile.elements(of: locationFile, as: Int32.self)
            guard image.shape.count == 4, labels.shape == [1] + image.shape.dropFirst() else {
                throw FileError(
                    action: "use the arrays of", path: stem,
                    reason: "the image has shape \(image.shape), the labels \(labels.shape)")
            }
            guard let properties = CaseProperties(json: description) else {
                throw FileError(
                    action: "understand", path: stem + ".json", reason: "properties of the case are missing")
            }
            self.identifier = identifier
            shape = image.shape
            self.image = image.elements
            self.labels = labels.elements
            self.properties = properties
            owners = [imageFile, labelFile, locationFile]
            classLocations = try Self.classLocations(
                description["class_locations"], in: locations, of: locationFile, shape: Array(image.shape.dropFirst()))
        } catch {
            throw .caseFailed(
                identifier,
                reason: "\(error.description); run plan-and-preprocess again to renew the preprocessed cases")
        }
    }

    private static func classLocations(
        _ index: JSONValue?, in array: (shape: [Int], elements: UnsafeBufferPointer<Int32>), of file: MappedFile,
        shape: [Int]
    ) throws(FileError) -> [ClassLocations] {
        guard array.shape.count == 2, array.shape[1] == 3, let entries = index?.array,
            let base = array.elements.baseAddress
        else { throw FileError(action: "use the class locations", path: file.path, reason: "shape \(array.shape)") }
        let (depth, height, width) = (UInt32(shape[0]), UInt32(shape[1]), UInt32(shape[2]))
        for row in 0..<array.shape[0] {
            let voxel = base + 3 * row
            // A negative number is a large one without its sign.
            guard UInt32(bitPattern: voxel[0]) < depth, UInt32(bitPattern: voxel[1]) < height,
                UInt32(bitPattern: voxel[2]) < width
            else {
                throw FileError(
                    action: "use the class locations", path: file.path, reason: "row \(row) lies outside the case")
            }
        }
        var locations: [ClassLocations] = []
        var first = 0
        for entry in entries {
            guard let key = entry["key"]?.integers, let count = entry["count"]?.integer, count >= 0,
                count <= array.shape[0] - first
            else {
                throw FileError(action: "use the class locations", path: file.path, reason: "the index does not fit")
            }
            locations.append(
                ClassLocations(key: key, voxels: VoxelList(owner: file, base: base + 3 * first, count: count)))
            first += count
        }
        return locations
    }
}
