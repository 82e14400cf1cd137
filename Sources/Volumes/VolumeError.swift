import Archives
import Documents

/// Why an image file could not be read or written.
public enum VolumeError: Error, CustomStringConvertible {
    /// The file system refused.
    case file(FileError)
    /// The gzip data is damaged or absent.
    case archive(ArchiveError)
    /// The file holds no byte.
    case empty(path: String)
    /// The file is the text that Git LFS leaves where it did not fetch the content.
    case largeFilePointer(path: String)
    /// The bytes are no NIfTI header; `reason` says what is wrong with them.
    case notNIfTI(path: String, reason: String)
    /// A readable NIfTI file of a kind that is no scalar volume, such as complex numbers or colors.
    case unsupported(path: String, kind: String)
    /// A field of the header breaks a rule.
    case header(path: String, field: String, value: String, rule: String)
    /// The file holds fewer bytes than its header declares.
    case tooShort(path: String, needed: Int, present: Int)
    /// A gzip file is too small to hold what its header declares, however well it is compressed.
    case tooSmall(path: String, needed: Int, compressed: Int)
    /// The other half of a `.hdr`/`.img` pair is missing.
    case missingHalf(path: String, expected: String)
    /// A label is not an integer.
    case fractionalLabel(path: String, value: Double, voxel: [Int])
    /// A label map has more than one channel.
    case labelChannels(path: String, channelCount: Int)
    /// A path to write whose ending names no format.
    case ending(path: String)
    /// A value that the chosen type of file cannot hold.
    case range(path: String, value: Double, type: VoxelType)
    /// An array that does not have the axes of a volume.
    case axes(path: String, shape: [Int])

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .archive(let error): error.description
        case .empty(let path): "\(path) is empty (0 bytes); copy or download the file again"
        case .largeFilePointer(let path):
            "\(path) is a Git LFS pointer, not an image; fetch its content with `git lfs pull`"
        case .notNIfTI(let path, let reason): "\(path) is not a NIfTI file: \(reason); convert it to .nii.gz"
        case .unsupported(let path, let kind):
            "\(path) holds \(kind), which is not a scalar volume; convert it to one of integers or real numbers"
        case .header(let path, let field, let value, let rule):
            "\(path) has a damaged NIfTI header: \(field) is \(value), but \(rule); export the file again"
        case .tooShort(let path, let needed, let present):
            "\(path) ends too early: its header declares \(needed) bytes, the file has \(present); "
                + "copy or download the file again"
        case .tooSmall(let path, let needed, let compressed):
            "\(path) cannot hold what its header declares: \(needed) bytes do not fit into \(compressed) bytes of gzip "
                + "data; copy or download the file again"
        case .missingHalf(let path, let expected):
            "\(path) is half of a .hdr/.img pair, and \(expected) is missing; put it beside"
        case .fractionalLabel(let path, let value, let voxel):
            "\(path) is not a label map: voxel \(voxel) holds \(value), but labels are integers; "
                + "round the values or give the right file"
        case .labelChannels(let path, let channelCount):
            "\(path) is not a label map: it has \(channelCount) channels, but labels have one; give the right file"
        case .ending(let path): "cannot write \(path): the name must end in .nii or .nii.gz; rename it"
        case .range(let path, let value, let type):
            "cannot write \(path): the value \(value) does not fit into \(type.rawValue); choose a wider type"
        case .axes(let path, let shape):
            "cannot write \(path): an array of shape \(shape) is not a volume; give [D, H, W] or [C, D, H, W]"
        }
    }
}
