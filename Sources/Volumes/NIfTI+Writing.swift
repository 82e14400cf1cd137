import Archives
internal import CNIfTI
import Documents
import Tensors

extension NIfTI {
    /// Writes a label map as nnU-Net does: uint8 when the largest label is below 255, else uint16.
    ///
    /// The file appears under its name when it is complete; `.nii.gz` is compressed. Equal labels and geometry give
    /// equal bytes (``Gzip/compress(_:)`` for the compressed ones).
    /// - Shapes: labels `[D, H, W]`.
    /// - Throws: ``VolumeError``, also for a negative label and one above 65535.
    public static func write(labels: Tensor<Int32>, geometry: Geometry, to path: String) throws(VolumeError) {
        try write(anyLabels: labels, geometry: geometry, to: path)
    }

    /// Writes a label map of 16-bit integers, as ``write(labels:geometry:to:)-(Tensor<Int32>,_,_)``.
    public static func write(labels: Tensor<Int16>, geometry: Geometry, to path: String) throws(VolumeError) {
        try write(anyLabels: labels, geometry: geometry, to: path)
    }

    /// Writes a label map of 8-bit integers, as ``write(labels:geometry:to:)-(Tensor<Int32>,_,_)``.
    public static func write(labels: Tensor<UInt8>, geometry: Geometry, to path: String) throws(VolumeError) {
        try write(anyLabels: labels, geometry: geometry, to: path)
    }

    /// How an image's numbers are stored.
    public enum ImageStorage: Sendable {
        case float32
        /// Rounded to the nearest integer, ties to even.
        case int16
    }

    /// Writes an image; one with several channels has them as the file's fourth axis.
    ///
    /// - Shapes: voxels `[C, D, H, W]`.
    /// - Throws: ``VolumeError``, also for a value that int16 cannot hold.
    public static func write(
        _ image: Image, as storage: ImageStorage = .float32, to path: String
    ) throws(VolumeError) {
        let shape = image.voxels.shape
        guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else { throw .axes(path: path, shape: shape) }
        let type: VoxelType = storage == .float32 ? .float32 : .int16
        var bytes = try headerBytes(shape: shape, type: type, geometry: image.geometry, path: path)
        switch storage {
        case .float32:
            image.voxels.scalars.withUnsafeBytes { bytes.append(contentsOf: $0) }
        case .int16:
            if let wrong = image.voxels.scalars.first(where: { !(-32768.5...32767.49).contains($0) }) {
                throw .range(path: path, value: Double(wrong), type: .int16)
            }
            // Every value was just seen to fit; 32767.49 as Float is 32767.4902, which rounds to 32767.
            let integers = image.voxels.scalars.map { Int16($0.rounded(.toNearestOrEven)) }
            integers.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        try save(bytes, to: path)
    }

    private static func write<Label: FixedWidthInteger & BitwiseCopyable & Sendable>(
        anyLabels labels: Tensor<Label>, geometry: Geometry, to path: String
    ) throws(VolumeError) {
        guard labels.shape.count == 3, let smallest = labels.scalars.min(), let largest = labels.scalars.max() else {
            throw .axes(path: path, shape: labels.shape)
        }
        let type: VoxelType = largest < 255 ? .uint8 : .uint16
        for wrong in [smallest, largest] where wrong < 0 || Int(wrong) > 65535 {
            throw .range(path: path, value: Double(wrong), type: type)
        }
        var bytes = try headerBytes(shape: [1] + labels.shape, type: type, geometry: geometry, path: path)
        // Smallest and largest fit, so all do: truncation changes none.
        if type == .uint8 {
            let narrow = labels.scalars.map { UInt8(truncatingIfNeeded: $0) }
            bytes.append(contentsOf: narrow)
        } else {
            let narrow = labels.scalars.map { UInt16(truncatingIfNeeded: $0) }
            narrow.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        try save(bytes, to: path)
    }

    private static func save(_ bytes: [UInt8], to path: String) throws(VolumeError) {
        var content = bytes
        if path.hasSuffix(".nii.gz") {
            var compressed: Result<[UInt8], ArchiveError> = .success([])
            bytes.withUnsafeBytes { buffer in
                compressed = Result { () throws(ArchiveError) in try Gzip.compress(buffer) }
            }
            do throws(ArchiveError) { content = try compressed.get() } catch { throw .archive(error) }
        }
        do throws(FileError) { try FileAccess.replace(path, with: content) } catch { throw .file(error) }
    }

    /// Header and an empty extension mark: 352 bytes of NIfTI-1, or 544 of NIfTI-2 for an axis beyond 32767 voxels.
    private static func headerBytes(
        shape: [Int], type: VoxelType, geometry: Geometry, path: String
    ) throws(VolumeError) -> [UInt8] {
        guard path.hasSuffix(".nii") || path.hasSuffix(".nii.gz") else { throw .ending(path: path) }
        let sizes = [geometry.spacing[2], geometry.spacing[1], geometry.isPlanar ? 1 : geometry.spacing[0]]
        let axisCount = shape[0] > 1 ? 4 : geometry.isPlanar && shape[1] == 1 ? 2 : 3
        let quaternion = geometry.quaternionForm
        let rows = geometry.matrixForm?.rows ?? [Double](repeating: 0, count: 12)
        let offset = quaternion?.offset ?? [0, 0, 0]

        var header = nifti_2_header()
        header.sizeof_hdr = 540
        header.datatype = Int16(type.code)
        header.bitpix = Int16(8 * type.byteCount)
        header.dim = (
            Int64(axisCount), Int64(shape[3]), Int64(shape[2]), Int64(shape[1]), Int64(shape[0]), 1, 1, 1
        )
        header.pixdim = (quaternion?.handedness ?? 1, sizes[0], sizes[1], sizes[2], 1, 1, 1, 1)
        header.vox_offset = 544
        header.scl_slope = 1
        header.qform_code = Int32(quaternion?.code ?? 0)
        header.sform_code = Int32(geometry.matrixForm?.code ?? 0)
        header.quatern_b = quaternion?.quaternion[0] ?? 0
        header.quatern_c = quaternion?.quaternion[1] ?? 0
        header.quatern_d = quaternion?.quaternion[2] ?? 0
        header.qoffset_x = offset[0]
        header.qoffset_y = offset[1]
        header.qoffset_z = offset[2]
        header.srow_x = (rows[0], rows[1], rows[2], rows[3])
        header.srow_y = (rows[4], rows[5], rows[6], rows[7])
        header.srow_z = (rows[8], rows[9], rows[10], rows[11])
        header.xyzt_units = 2 | 8  // millimeters and seconds
        if shape.contains(where: { $0 > 32767 }) {
            withUnsafeMutableBytes(of: &header.magic) { $0.copyBytes(from: Array("n+2\0\r\n\u{1A}\n".utf8)) }
            return withUnsafeBytes(of: &header) { Array($0) } + [0, 0, 0, 0]
        }
        return withUnsafeBytes(of: version1(header)) { Array($0) } + [0, 0, 0, 0]
    }

    /// The same header in NIfTI-1's narrower types. Every axis has at most 32767 voxels.
    private static func version1(_ wide: nifti_2_header) -> nifti_1_header {
        var header = nifti_1_header()
        header.sizeof_hdr = 348
        header.regular = 0x72  // "r", which Analyze readers look for
        header.datatype = wide.datatype
        header.bitpix = wide.bitpix
        let dim = wide.dim
        header.dim = (
            Int16(dim.0), Int16(dim.1), Int16(dim.2), Int16(dim.3), Int16(dim.4), Int16(dim.5), Int16(dim.6),
            Int16(dim.7)
        )
        let sizes = wide.pixdim
        header.pixdim = (Float(sizes.0), Float(sizes.1), Float(sizes.2), Float(sizes.3), 1, 1, 1, 1)
        header.vox_offset = 352
        header.scl_slope = 1
        header.xyzt_units = CChar(wide.xyzt_units)
        header.qform_code = Int16(wide.qform_code)
        header.sform_code = Int16(wide.sform_code)
        header.quatern_b = Float(wide.quatern_b)
        header.quatern_c = Float(wide.quatern_c)
        header.quatern_d = Float(wide.quatern_d)
        header.qoffset_x = Float(wide.qoffset_x)
        header.qoffset_y = Float(wide.qoffset_y)
        header.qoffset_z = Float(wide.qoffset_z)
        let (x, y, z) = (wide.srow_x, wide.srow_y, wide.srow_z)
        header.srow_x = (Float(x.0), Float(x.1), Float(x.2), Float(x.3))
        header.srow_y = (Float(y.0), Float(y.1), Float(y.2), Float(y.3))
        header.srow_z = (Float(z.0), Float(z.1), Float(z.2), Float(z.3))
        withUnsafeMutableBytes(of: &header.magic) { $0.copyBytes(from: Array("n+1\0".utf8)) }
        return header
    }
}
