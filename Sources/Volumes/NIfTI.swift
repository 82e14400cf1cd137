import Documents
import Tensors

/// NIfTI-1 and NIfTI-2 files: `.nii`, `.nii.gz`, and pairs of `.hdr` and `.img` (also compressed).
///
/// Nothing is allocated or read before the header has been checked against the file. Standard: nifti1.h, nifti2.h.
public enum NIfTI {
    /// Reads a volume.
    ///
    /// - Shapes: voxels `[C, D, H, W]` in the file's order; a 2-D file is one slice, a fourth axis is channels.
    /// - Throws: ``VolumeError`` that names the file, what is wrong with it and what to do.
    public static func read(_ path: String) throws(VolumeError) -> Image {
        let file = try OpenFile(path)
        let header = file.header
        let decoder = VoxelDecoder(
            type: header.voxelType, isSwapped: header.isSwapped, scaling: header.scaling)
        let voxels = try file.voxels(Float.self) { (raw, count, target, _) throws(VolumeError) in
            decoder.floats(raw, count: count, to: target)
        }
        return Image(
            voxels: Tensor(shape: header.shape, scalars: voxels), geometry: header.geometry,
            storedType: header.voxelType)
    }

    /// Reads a label map.
    ///
    /// - Shapes: labels `[D, H, W]`.
    /// - Throws: ``VolumeError``, also for several channels and for a voxel that is not an integer.
    public static func readLabels(_ path: String) throws(VolumeError) -> LabelImage {
        let file = try OpenFile(path)
        let header = file.header
        guard header.shape[0] == 1 else { throw .labelChannels(path: path, channelCount: header.shape[0]) }
        let decoder = VoxelDecoder(
            type: header.voxelType, isSwapped: header.isSwapped, scaling: header.scaling)
        let shape = Array(header.shape[1...])
        let labels = try file.voxels(Int32.self) { (raw, count, target, first) throws(VolumeError) in
            if let wrong = decoder.labels(raw, count: count, to: target) {
                let index = first + wrong.index
                throw .fractionalLabel(
                    path: path, value: wrong.value,
                    voxel: [index / (shape[1] * shape[2]), index / shape[2] % shape[1], index % shape[2]])
            }
        }
        return LabelImage(
            labels: Tensor(shape: shape, scalars: labels), geometry: header.geometry, storedType: header.voxelType)
    }

    /// Reads what a file says about its image, and checks it against the file; no voxel is read.
    public static func readHeader(_ path: String) throws(VolumeError) -> ImageHeader {
        let header = try OpenFile(path).header
        return ImageHeader(
            shape: header.shape, axisCount: header.axisCount, geometry: header.geometry,
            storedType: header.voxelType)
    }
}

/// A file whose header was read and checked, at its first voxel.
private struct OpenFile {
    let header: NIfTIHeader
    /// Stands at the first voxel.
    private let source: VoxelSource

    init(_ path: String) throws(VolumeError) {
        let headerPath = Self.headerPath(for: path)
        guard FileAccess.exists(headerPath) || headerPath == path else {
            throw .missingHalf(path: path, expected: headerPath)
        }
        let headerSource = try VoxelSource(path: headerPath)
        let header = try NIfTIHeader(
            bytes: try headerSource.bytes(NIfTIHeader.maximumByteCount), path: headerPath)

        let voxelSource: VoxelSource
        if header.isPair {
            let voxelPath = try Self.voxelPath(for: headerPath)
            voxelSource = try VoxelSource(path: voxelPath)
        } else {
            // The same file from its beginning; a header of version 1 was read 192 bytes too far.
            voxelSource = try VoxelSource(path: headerPath)
        }
        try voxelSource.check(declares: header.voxelOffset + header.voxelByteCount)
        guard try voxelSource.skip(header.voxelOffset) else {
            throw .tooShort(
                path: voxelSource.path, needed: header.voxelOffset + header.voxelByteCount,
                present: header.voxelOffset)
        }
        self.header = header
        self.source = voxelSource
    }

    /// Reads all voxels, piece by piece.
    ///
    /// - Parameter decode: gets stored voxels, their number, the place for the decoded ones, and the first's index.
    func voxels<Scalar: BitwiseCopyable & Sendable>(
        _ type: Scalar.Type,
        decode: (UnsafeRawPointer, Int, UnsafeMutablePointer<Scalar>, Int) throws(VolumeError) -> Void
    ) throws(VolumeError) -> [Scalar] {
        let voxelCount = header.voxelByteCount / header.voxelType.byteCount
        let pieceCount = min(voxelCount, (1 << 20) / header.voxelType.byteCount)
        let piece = UnsafeMutableRawBufferPointer.allocate(
            byteCount: pieceCount * header.voxelType.byteCount, alignment: 16)
        defer { piece.deallocate() }
        // The array's pages come into being as they are written, so a file that ends early costs what it held.
        var failure: VolumeError?
        let result = [Scalar](unsafeUninitializedCapacity: voxelCount) { target, initializedCount in
            guard let base = target.baseAddress else { return }
            do throws(VolumeError) {
                while initializedCount < voxelCount {
                    let count = min(pieceCount, voxelCount - initializedCount)
                    // `count` voxels fit into `piece`, and behind `initializedCount` there is room for as many.
                    let wanted = count * header.voxelType.byteCount
                    let taken = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: piece[..<wanted]))
                    guard taken == wanted, let raw = piece.baseAddress else {
                        throw .tooShort(
                            path: source.path, needed: header.voxelOffset + header.voxelByteCount,
                            present: header.voxelOffset + initializedCount * header.voxelType.byteCount + taken)
                    }
                    try decode(UnsafeRawPointer(raw), count, base + initializedCount, initializedCount)
                    initializedCount += count
                }
                try source.finish()
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }

    /// The header of an `.img` file; otherwise the path itself.
    private static func headerPath(for path: String) -> String {
        for (ending, other, alternative) in [(".img", ".hdr", ".hdr.gz"), (".img.gz", ".hdr.gz", ".hdr")]
        where path.lowercased().hasSuffix(ending) {
            let stem = String(path.dropLast(ending.count))
            return FileAccess.exists(stem + other) || !FileAccess.exists(stem + alternative)
                ? stem + other : stem + alternative
        }
        return path
    }

    /// The file with the voxels that belong to a header file.
    private static func voxelPath(for headerPath: String) throws(VolumeError) -> String {
        var stem = headerPath
        for ending in [".hdr.gz", ".hdr"] where headerPath.lowercased().hasSuffix(ending) {
            stem = String(headerPath.dropLast(ending.count))
            break
        }
        let isCompressed = headerPath.lowercased().hasSuffix(".gz")
        for candidate in isCompressed ? [stem + ".img.gz", stem + ".img"] : [stem + ".img", stem + ".img.gz"]
        where FileAccess.exists(candidate) {
            return candidate
        }
        throw .missingHalf(path: headerPath, expected: stem + ".img")
    }
}
