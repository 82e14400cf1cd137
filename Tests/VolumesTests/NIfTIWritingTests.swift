import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct NIfTIWritingTests {
    private let geometry = Geometry(
        spacing: [2.5, 0.75, 0.5], origin: [-10, 20.5, 3], direction: [0, 0, 1, 1, 0, 0, 0, 1, 0])

    @Test(
        "labels come back, as uint8 below 255 and as uint16 from there",
        arguments: [
            (254, VoxelType.uint8), (255, .uint16), (65535, .uint16),
        ] as [(Int32, VoxelType)])
    func labels(largest: Int32, type: VoxelType) throws {
        let labels = Tensor<Int32>(shape: [2, 3, 4], scalars: (0..<24).map { $0 == 7 ? largest : $0 })
        try TestFiles.withTemporaryFolder { folder in
            for ending in [".nii", ".nii.gz"] {
                try NIfTI.write(labels: labels, geometry: geometry, to: folder + "/x" + ending)
                let image = try NIfTI.readLabels(folder + "/x" + ending)
                #expect(image.labels == labels && image.storedType == type)
                #expect(image.geometry.agrees(with: geometry, tolerance: 1e-6))
                let first = try FileAccess.read(folder + "/x" + ending)
                try NIfTI.write(labels: labels, geometry: geometry, to: folder + "/x" + ending)
                #expect(try FileAccess.read(folder + "/x" + ending) == first, "the same labels gave other bytes")
            }
            #expect(try FileAccess.list(folder) == ["x.nii", "x.nii.gz"])
        }
    }

    @Test("narrower label types are written alike") func narrowLabels() throws {
        try TestFiles.withTemporaryFolder { folder in
            let wide = Tensor<Int32>(shape: [1, 2, 3], scalars: [0, 1, 2, 3, 2, 1])
            try NIfTI.write(labels: wide, geometry: geometry, to: folder + "/a.nii")
            try NIfTI.write(
                labels: Tensor<Int16>(shape: [1, 2, 3], scalars: [0, 1, 2, 3, 2, 1]), geometry: geometry,
                to: folder + "/b.nii")
            try NIfTI.write(
                labels: Tensor<UInt8>(shape: [1, 2, 3], scalars: [0, 1, 2, 3, 2, 1]), geometry: geometry,
                to: folder + "/c.nii")
            let bytes = try FileAccess.read(folder + "/a.nii")
            #expect(bytes.count == 352 + 6)
            #expect(try FileAccess.read(folder + "/b.nii") == bytes && FileAccess.read(folder + "/c.nii") == bytes)
        }
    }

    @Test("images come back, several channels as a fourth axis") func images() throws {
        let voxels = Tensor<Float>(shape: [2, 3, 2, 4], scalars: (0..<48).map { Float($0) * 1.5 - 20 })
        let image = Image(voxels: voxels, geometry: geometry)
        try TestFiles.withTemporaryFolder { folder in
            try NIfTI.write(image, to: folder + "/x.nii.gz")
            let read = try NIfTI.read(folder + "/x.nii.gz")
            #expect(read.voxels == voxels && read.storedType == .float32)
            #expect(try NIfTI.readHeader(folder + "/x.nii.gz").axisCount == 4)
            try NIfTI.write(image, as: .int16, to: folder + "/y.nii")
            let rounded = try NIfTI.read(folder + "/y.nii")
            #expect(rounded.voxels.scalars == voxels.scalars.map { $0.rounded(.toNearestOrEven) })
            #expect(rounded.storedType == .int16)
        }
    }

    @Test("values that are no numbers are read as they are") func notNumbers() throws {
        let voxels = Tensor<Float>(shape: [1, 1, 2, 2], scalars: [.nan, .infinity, -3, -.infinity])
        try TestFiles.withTemporaryFolder { folder in
            try NIfTI.write(Image(voxels: voxels, geometry: geometry), to: folder + "/x.nii")
            let read = try NIfTI.read(folder + "/x.nii").voxels.scalars
            #expect(read.map(\.bitPattern) == voxels.scalars.map(\.bitPattern))
            let summary = VoxelSummary(of: voxels)
            #expect(summary.nonFiniteCount == 3 && summary.minimum == -.infinity && summary.maximum == .infinity)
            #expect(throws: VolumeError.self) { try NIfTI.readLabels(folder + "/x.nii") }
        }
    }

    @Test("a file with two axes is one slice, and stays so when it is written") func planar() throws {
        let labels = Tensor<Int32>(shape: [1, 3, 4], scalars: (0..<12).map { $0 % 3 })
        var flat = geometry
        flat.isPlanar = true
        try TestFiles.withTemporaryFolder { folder in
            try NIfTI.write(labels: labels, geometry: flat, to: folder + "/x.nii")
            #expect(try NIfTI.readHeader(folder + "/x.nii").axisCount == 2)
            let read = try NIfTI.readLabels(folder + "/x.nii")
            #expect(read.labels == labels && read.geometry.isPlanar)
            #expect(read.geometry.spacing == [999 * 0.75, 0.75, 0.5])
            try NIfTI.write(labels: read.labels, geometry: read.geometry, to: folder + "/y.nii")
            let second = try FileAccess.read(folder + "/y.nii")
            #expect(try FileAccess.read(folder + "/x.nii") == second)
        }
    }

    @Test("an axis beyond 32767 voxels makes a NIfTI-2 file") func longAxis() throws {
        let labels = Tensor<Int32>(shape: [1, 1, 40000], scalars: (0..<40000).map { $0 % 3 })
        try TestFiles.withTemporaryFolder { folder in
            try NIfTI.write(labels: labels, geometry: geometry, to: folder + "/x.nii")
            #expect(try FileAccess.read(folder + "/x.nii").count == 544 + 40000)
            let image = try NIfTI.readLabels(folder + "/x.nii")
            #expect(image.labels == labels && image.geometry.agrees(with: geometry, tolerance: 1e-9))
        }
    }

    @Test("what a file cannot hold is refused, and nothing is left behind") func refusals() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/x.nii.gz"
            for wrong in [-1, 65536] as [Int32] {
                #expect(throws: VolumeError.self) {
                    try NIfTI.write(
                        labels: Tensor<Int32>(shape: [1, 1, 2], scalars: [wrong, 0]), geometry: geometry, to: path)
                }
            }
            for wrong in [Float.nan, 32768, -32769] {
                let image = Image(voxels: Tensor(shape: [1, 1, 1, 1], scalars: [wrong]), geometry: geometry)
                #expect(throws: VolumeError.self) { try NIfTI.write(image, as: .int16, to: path) }
            }
            let labels = Tensor<UInt8>(shape: [1, 1, 2], scalars: [0, 1])
            #expect(throws: VolumeError.self) {
                try NIfTI.write(labels: labels, geometry: geometry, to: folder + "/x.mha")
            }
            #expect(throws: VolumeError.self) {
                try NIfTI.write(labels: labels, geometry: geometry, to: folder + "/absent/x.nii")
            }
            let left = try FileAccess.list(folder)
            #expect(left.isEmpty)
        }
    }

    @Test("a label that is not an integer is named with its place") func fractionalLabel() throws {
        var voxels = Tensor<Float>(shape: [1, 2, 3, 4], repeating: 1)
        voxels[0, 1, 0, 2] = 0.5
        try TestFiles.withTemporaryFolder { folder in
            try NIfTI.write(Image(voxels: voxels, geometry: geometry), to: folder + "/x.nii")
            let error = #expect(throws: VolumeError.self) { try NIfTI.readLabels(folder + "/x.nii") }
            #expect(String(describing: error).contains("voxel [1, 0, 2] holds 0.5"))
        }
    }
}
