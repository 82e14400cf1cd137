/// Types of voxels that a file may hold, named as NumPy names them; the codes are those of nifti1.h.
public enum VoxelType: String, Sendable, CaseIterable {
    case uint8, int16, int32, float32, float64, int8, uint16, uint32, int64, uint64

    /// NIfTI's `datatype`.
    public var code: Int {
        switch self {
        case .uint8: 2
        case .int16: 4
        case .int32: 8
        case .float32: 16
        case .float64: 64
        case .int8: 256
        case .uint16: 512
        case .uint32: 768
        case .int64: 1024
        case .uint64: 1280
        }
    }

    /// Bytes per voxel.
    public var byteCount: Int {
        switch self {
        case .uint8, .int8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    init?(code: Int) {
        guard let type = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = type
    }

    /// What a code stands for that is refused; nil for a code that NIfTI does not define.
    static func refusedKind(code: Int) -> String? {
        switch code {
        case 1: "single bits"
        case 32: "complex numbers (complex64)"
        case 128: "colors (RGB)"
        case 1536: "numbers of 128 bits (float128)"
        case 1792: "complex numbers (complex128)"
        case 2048: "complex numbers (complex256)"
        case 2304: "colors (RGBA)"
        default: nil
        }
    }
}
