internal import CNIfTI

/// The facts of a NIfTI-1 or NIfTI-2 header that has passed every check that needs no file size.
///
/// Standard: nifti1.h and nifti2.h (NIfTI-1.1, NIfTI-2).
struct NIfTIHeader {
    /// Bytes of the longest header, NIfTI-2's; NIfTI-1 has 348.
    static let maximumByteCount = 540

    /// `[C, D, H, W]`.
    let shape: [Int]
    let axisCount: Int
    let voxelType: VoxelType
    /// Whether the file's byte order is not this machine's.
    let isSwapped: Bool
    /// Whether the voxels lie in a second file.
    let isPair: Bool
    /// First voxel's position in the file that holds the voxels.
    let voxelOffset: Int
    /// Bytes of all voxels.
    let voxelByteCount: Int
    /// `value = slope · stored + intercept`; nil when the file declares none.
    let scaling: (slope: Double, intercept: Double)?
    let geometry: Geometry

    /// Takes the first bytes of a file apart.
    ///
    /// - Parameter bytes: the first ``maximumByteCount`` bytes, fewer when the file is shorter.
    init(bytes: [UInt8], path: String) throws(VolumeError) {
        guard bytes.count >= 4 else {
            throw .notNIfTI(path: path, reason: "it has \(bytes.count) bytes, a header has at least 348")
        }
        let size = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        switch (size, size.byteSwapped) {
        case (348, _): try self.init(version1: bytes, isSwapped: false, path: path)
        case (_, 348): try self.init(version1: bytes, isSwapped: true, path: path)
        case (540, _): try self.init(version2: bytes, isSwapped: false, path: path)
        case (_, 540): try self.init(version2: bytes, isSwapped: true, path: path)
        default:
            throw .notNIfTI(path: path, reason: "its first four bytes are \(size), a header begins with 348 or 540")
        }
    }

    private init(version1 bytes: [UInt8], isSwapped: Bool, path: String) throws(VolumeError) {
        guard bytes.count >= 348 else {
            throw .notNIfTI(path: path, reason: "it has \(bytes.count) bytes, its header should have 348")
        }
        let magic = Array(bytes[344..<348])
        guard magic == Array("n+1\0".utf8) || magic == Array("ni1\0".utf8) else {
            throw .notNIfTI(path: path, reason: "its header is of Analyze 7.5 or damaged (no NIfTI mark at byte 344)")
        }
        let header = nifti_1_header(bytes: bytes, isSwapped: isSwapped)
        try self.init(header, isSwapped: isSwapped, isPair: magic[1] == UInt8(ascii: "i"), path: path)
    }

    private init(version2 bytes: [UInt8], isSwapped: Bool, path: String) throws(VolumeError) {
        guard bytes.count >= 540 else {
            throw .notNIfTI(path: path, reason: "it has \(bytes.count) bytes, its header should have 540")
        }
        let magic = Array(bytes[4..<12])
        let tail: [UInt8] = [0, 13, 10, 26, 10]
        guard magic == Array("n+2".utf8) + tail || magic == Array("ni2".utf8) + tail else {
            throw .notNIfTI(path: path, reason: "the NIfTI-2 mark at byte 4 is damaged")
        }
        let header = nifti_2_header(bytes: bytes, isSwapped: isSwapped)
        try self.init(header, isSwapped: isSwapped, isPair: magic[1] == UInt8(ascii: "i"), path: path)
    }

    private init<Version: NIfTIVersion>(
        _ header: Version, isSwapped: Bool, isPair: Bool, path: String
    ) throws(VolumeError) {
        let fields = NIfTIFields(header)
        if (3000..<3100).contains(fields.intent) {
            throw .unsupported(path: path, kind: "CIFTI data (surfaces and connectivity)")
        }
        guard let voxelType = VoxelType(code: fields.datatype) else {
            if let kind = VoxelType.refusedKind(code: fields.datatype) { throw .unsupported(path: path, kind: kind) }
            throw .header(
                path: path, field: "datatype", value: "\(fields.datatype)", rule: "NIfTI defines no such type")
        }
        let (axisCount, shape) = try Self.shape(fields.dimensions, path: path)
        let voxelCount = shape.reduce(1, *)
        // At most 2^53 voxels (checked in `shape`) of at most 8 bytes: no overflow.
        let voxelByteCount = voxelCount * voxelType.byteCount

        var offset = fields.voxelOffset
        let smallest = isPair ? 0 : Double(Version.byteCount + 4)
        if offset == 0 { offset = smallest }
        guard offset >= smallest, offset <= 0x1p53, offset == offset.rounded() else {
            throw .header(
                path: path, field: "vox_offset", value: "\(fields.voxelOffset)",
                rule: "the voxels begin at byte \(Int(smallest)) or behind it")
        }
        if fields.slope.isFinite, fields.slope != 0, !fields.intercept.isFinite {
            throw .header(
                path: path, field: "scl_inter", value: "\(fields.intercept)", rule: "it must be a finite number")
        }

        _ = NIfTIGeometry.silence
        guard let image = header.convert() else {
            throw .notNIfTI(path: path, reason: "libnifti refuses its header")
        }
        let geometry = NIfTIGeometry.geometry(of: image.pointee, axisCount: axisCount)
        nifti_image_free(image)
        guard (geometry.affine + geometry.spacing).allSatisfy(\.isFinite) else {
            throw .header(
                path: path, field: "the orientation", value: "\(geometry.affine)", rule: "it must be of finite numbers")
        }

        self.shape = shape
        self.axisCount = axisCount
        self.voxelType = voxelType
        self.isSwapped = isSwapped
        self.isPair = isPair
        self.voxelOffset = Int(offset)
        self.voxelByteCount = voxelByteCount
        let isScaled = fields.slope.isFinite && fields.slope != 0 && (fields.slope != 1 || fields.intercept != 0)
        self.scaling = isScaled ? (fields.slope, fields.intercept) : nil
        self.geometry = geometry
    }

    /// `[C, D, H, W]` of the eight entries of `dim`; at most 2^53 voxels.
    private static func shape(_ dimensions: [Int], path: String) throws(VolumeError) -> (axisCount: Int, shape: [Int]) {
        let declared = dimensions[0]
        guard (1...7).contains(declared) else {
            throw .header(path: path, field: "dim[0]", value: "\(declared)", rule: "a file has 1 to 7 axes")
        }
        let text = "\(Array(dimensions[1...declared]))"
        guard dimensions[1...declared].allSatisfy({ $0 >= 1 }) else {
            throw .header(path: path, field: "dim", value: text, rule: "every axis has at least one voxel")
        }
        // Axes of one voxel behind the third say nothing.
        var axisCount = declared
        while axisCount > 3, dimensions[axisCount] == 1 { axisCount -= 1 }
        guard (2...4).contains(axisCount) else {
            throw .unsupported(path: path, kind: "an array with \(axisCount) axes (\(text)) where 2 to 4 are needed")
        }
        var voxelCount = 1
        for length in dimensions[1...axisCount] {
            let (product, overflow) = voxelCount.multipliedReportingOverflow(by: length)
            guard !overflow, product <= 1 << 53 else {
                throw .header(path: path, field: "dim", value: text, rule: "no file holds that many voxels")
            }
            voxelCount = product
        }
        return (
            axisCount,
            [
                axisCount > 3 ? dimensions[4] : 1, axisCount > 2 ? dimensions[3] : 1, dimensions[2], dimensions[1],
            ]
        )
    }
}
