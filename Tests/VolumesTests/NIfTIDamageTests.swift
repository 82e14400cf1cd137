import Archives
import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

/// Every truncation and every flipped byte or bit of small files ends in an error or in an image whose shape fits.
@Suite struct NIfTIDamageTests {
    /// A volume of 2 × 3 × 4 numbers, as a file of each kind.
    private func files() throws -> [(name: String, bytes: [UInt8])] {
        let voxels = Tensor<Float>(shape: [1, 2, 3, 4], scalars: (0..<24).map { Float($0) })
        let image = Image(voxels: voxels, geometry: Geometry(spacing: [3, 2, 1]))
        var files: [(String, [UInt8])] = try TestFiles.withTemporaryFolder { folder in
            try ["x.nii", "x.nii.gz"].map { name in
                try NIfTI.write(image, as: .int16, to: folder + "/" + name)
                return (name, try FileAccess.read(folder + "/" + name))
            }
        }
        let second = try #require(
            Fixture("nifti_files.json").entries("types").first { (try? $0.string("type")) == "float64" })
        files.append(("y.nii.gz", Array(try #require(Data(base64Encoded: second.string("file"))))))
        return files
    }

    /// Reads a damaged file; false when it is refused.
    private func isRead(_ bytes: [UInt8], _ path: String) throws -> Bool {
        // Thousands of files: not through Foundation, which flushes each to the disk.
        unlink(path)
        let file = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        do throws(VolumeError) {
            let image = try NIfTI.read(path)
            #expect(image.voxels.count == image.voxels.shape.reduce(1, *) && image.voxels.shape.count == 4)
            // 1032 is the best ratio of gzip.
            #expect(image.voxels.count <= bytes.count * (path.hasSuffix(".gz") ? 1032 : 1))
            _ = image.canonical()
            return true
        } catch {
            #expect(error.description.contains(path), "\(error.description)")
            return false
        }
    }

    @Test("every truncation is refused") func truncations() throws {
        try TestFiles.withTemporaryFolder { folder in
            for file in try files() {
                for length in 0..<file.bytes.count {
                    #expect(
                        try !isRead(Array(file.bytes[..<length]), folder + "/" + file.name),
                        "\(file.name) cut to \(length) bytes")
                }
                #expect(try isRead(file.bytes, folder + "/" + file.name))
            }
        }
    }

    @Test("every flipped byte and bit is an error or gives a fitting shape") func flips() throws {
        try TestFiles.withTemporaryFolder { folder in
            for file in try files() {
                var readCount = 0
                for position in file.bytes.indices {
                    for mask in [0xFF, 1, 2, 4, 8, 16, 32, 64, 128] as [UInt8] {
                        var bytes = file.bytes
                        bytes[position] ^= mask
                        if try isRead(bytes, folder + "/" + file.name) { readCount += 1 }
                    }
                }
                // Most of a plain header says nothing; gzip's checksum finds nearly everything.
                #expect(readCount < file.bytes.count * (file.name.hasSuffix(".gz") ? 1 : 9), "\(file.name)")
            }
        }
    }

    @Test("sizes beyond the file are refused before anything is allocated", arguments: ["x.nii", "x.nii.gz"])
    func hugeSizes(name: String) throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/" + name
            let image = Image(
                voxels: Tensor(shape: [1, 1, 1, 1], repeating: 0), geometry: Geometry(spacing: [1, 1, 1]))
            try NIfTI.write(image, to: folder + "/plain.nii")
            var bytes = try FileAccess.read(folder + "/plain.nii")
            // dim[1], dim[2] and dim[3] of 32767: 140 TB of float32.
            for axis in 1...3 { bytes.replaceSubrange(40 + 2 * axis..<42 + 2 * axis, with: [0xFF, 0x7F]) }
            if name.hasSuffix(".gz") { bytes = try bytes.withUnsafeBytes { try Gzip.compress($0) } }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: VolumeError.self) { try NIfTI.read(path) }
            #expect(String(describing: error).contains("140724603847004"), "\(String(describing: error))")
        }
    }
}
