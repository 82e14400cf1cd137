internal import CNIfTI

/// The header of one version of NIfTI as libnifti has it: the fields have the same names in both, and other types.
///
/// Standard: nifti1.h and nifti2.h (NIfTI-1.1, NIfTI-2).
protocol NIfTIVersion {
    associatedtype Extent: BinaryInteger
    associatedtype Size: BinaryFloatingPoint
    associatedtype Intent: BinaryInteger

    /// Bytes of the header; the voxels of a single file begin four bytes behind them at the earliest.
    static var byteCount: Int { get }
    /// As libnifti counts the versions.
    static var number: Int32 { get }

    init()
    var dim: (Extent, Extent, Extent, Extent, Extent, Extent, Extent, Extent) { get }
    var pixdim: (Size, Size, Size, Size, Size, Size, Size, Size) { get set }
    var datatype: Int16 { get }
    var intent_code: Intent { get }
    var scl_slope: Size { get }
    var scl_inter: Size { get }
    /// Where the voxels begin.
    var voxelOffset: Double { get }
    /// The image that libnifti makes of the header, without voxels, to be freed; nil where it refuses.
    func convert() -> UnsafeMutablePointer<nifti_image>?
}

extension nifti_1_header: NIfTIVersion {
    static let byteCount = 348
    static let number: Int32 = 1
    var voxelOffset: Double { Double(vox_offset) }
    func convert() -> UnsafeMutablePointer<nifti_image>? { nifti_convert_n1hdr2nim(self, nil) }
}

extension nifti_2_header: NIfTIVersion {
    static let byteCount = 540
    static let number: Int32 = 2
    var voxelOffset: Double { Double(vox_offset) }
    func convert() -> UnsafeMutablePointer<nifti_image>? { nifti_convert_n2hdr2nim(self, nil) }
}

extension NIfTIVersion {
    /// The header at the beginning of a file, in this machine's byte order and with usable voxel sizes.
    ///
    /// - Parameter bytes: at least ``byteCount``.
    init(bytes: [UInt8], isSwapped: Bool) {
        self.init()
        // The struct has exactly so many bytes (asserted in CNIfTI), of which any pattern is a value.
        withUnsafeMutableBytes(of: &self) { $0.copyBytes(from: bytes[..<Self.byteCount]) }
        if isSwapped { withUnsafeMutablePointer(to: &self) { swap_nifti_header($0, Self.number) } }
        pixdim.1 = Self.usableSize(pixdim.1)
        pixdim.2 = Self.usableSize(pixdim.2)
        pixdim.3 = Self.usableSize(pixdim.3)
    }

    /// A voxel size as ITK takes it: not finite or zero means 1, and the sign means nothing.
    private static func usableSize(_ size: Size) -> Size { size.isFinite && size != 0 ? abs(size) : 1 }
}

/// What both versions say, in common types.
struct NIfTIFields {
    /// The number of axes, and the voxels along each.
    let dimensions: [Int]
    let datatype: Int
    let intent: Int
    let voxelOffset: Double
    let slope: Double
    let intercept: Double

    init<Version: NIfTIVersion>(_ header: Version) {
        let dim = header.dim
        dimensions = [dim.0, dim.1, dim.2, dim.3, dim.4, dim.5, dim.6, dim.7].map { Int($0) }
        datatype = Int(header.datatype)
        intent = Int(header.intent_code)
        voxelOffset = header.voxelOffset
        slope = Double(header.scl_slope)
        intercept = Double(header.scl_inter)
    }
}
