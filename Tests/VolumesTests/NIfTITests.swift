import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct NIfTITests {
    /// Voxels 2 × 3 × 4 of the "types" files.
    private static func values(isSigned: Bool) -> [Float] {
        (0..<24).map { Float($0 * 7 % 101 - (isSigned ? 50 : 0)) }
    }

    @Test("every type is read in both byte orders and both versions, compressed or not") func types() throws {
        for (index, entry) in try Fixture("nifti_files.json").entries("types").enumerated() {
            let name = try entry.string("type")
            try TestFiles.withTemporaryFolder { folder in
                let path = folder + "/x.nii.gz"
                try write(entry.string("file"), to: path)
                let image = try NIfTI.read(path)
                let values = Self.values(isSigned: !name.hasPrefix("u"))
                #expect(image.voxels == Tensor(shape: [1, 2, 3, 4], scalars: values), "entry \(index), \(name)")
                #expect(image.storedType.rawValue == name)
                #expect(image.geometry.spacing == [3, 2, 1])
                #expect(try NIfTI.readLabels(path).labels.scalars == values.map { Int32($0) })
                let header = try NIfTI.readHeader(path)
                #expect(header.shape == [1, 2, 3, 4] && header.axisCount == 3)
                #expect(header.storedType == image.storedType && header.geometry == image.geometry)
            }
        }
    }

    @Test("spacing, origin and direction are SimpleITK's, and survive writing") func places() throws {
        for entry in try Fixture("nifti_files.json").entries("places") {
            let name = try entry.string("name")
            try TestFiles.withTemporaryFolder { folder in
                try write(entry.string("file"), to: folder + "/x.nii")
                var image = try NIfTI.read(folder + "/x.nii")
                try expectPlace(image.geometry, entry, name)
                // A file written with this geometry is at the same place, through the same forms.
                try NIfTI.write(image, to: folder + "/y.nii.gz")
                let written = try NIfTI.read(folder + "/y.nii.gz").geometry
                try expectPlace(written, entry, name + ", written")
                #expect(written.quaternionForm?.code == image.geometry.quaternionForm?.code)
                #expect(written.matrixForm?.code == image.geometry.matrixForm?.code)
                // And so is one whose forms are made from spacing, origin and direction.
                image.geometry = Geometry(
                    spacing: image.geometry.spacing, origin: image.geometry.origin,
                    direction: image.geometry.direction)
                try NIfTI.write(image, to: folder + "/z.nii")
                let made = try NIfTI.read(folder + "/z.nii").geometry
                try expectPlace(made, entry, name + ", made")
                #expect(made.agrees(with: written))
            }
        }
    }

    private func expectPlace(_ geometry: Geometry, _ entry: JSONValue, _ comment: String) throws {
        for (mine, theirs) in [
            (geometry.spacing, try entry.numbers("spacing")), (geometry.origin, try entry.numbers("origin")),
            (geometry.direction, try entry.numbers("direction")),
        ] {
            let scale = theirs.reduce(1e-9) { max($0, abs($1)) }
            // Headers hold 24 bits, and a quaternion's square root loses some.
            #expect(zip(mine, theirs).allSatisfy { abs($0 - $1) <= 2e-6 * scale }, "\(comment): \(mine), not \(theirs)")
        }
    }

    @Test("the odd files give nibabel's voxels, or are refused with a sentence", .realData) func oddFiles() throws {
        let folder = try #require(TestFiles.realData) + "/odd/"
        for (name, entry) in try #require(Fixture("odd_files.json").document["files"]?.object).members {
            if entry.isNull, name.contains("minimal2") {
                // nibabel does not join a .hdr with an .img.gz; the content is that of the pair `minimal`.
                let image = try NIfTI.read(folder + name)
                #expect(try image.voxels == NIfTI.read(folder + "nifti-rs/minimal.nii").voxels, "\(name)")
            } else if entry.isNull {
                let error = #expect(throws: VolumeError.self, "\(name)") { try NIfTI.read(folder + name) }
                let sentence = String(describing: try #require(error))
                #expect(sentence.contains(name.split(separator: "/").last!) && sentence.count > 40, "\(sentence)")
                #expect(throws: VolumeError.self, "\(name)") { try NIfTI.readHeader(folder + name) }
            } else {
                let image = try NIfTI.read(folder + name)
                let shape = try entry.integers("shape")
                #expect(image.voxels.shape == (shape.count == 3 ? [1] + shape : shape), "\(name)")
                #expect(try image.storedType.rawValue == entry.string("type"), "\(name)")
                let spacing = try entry.numbers("spacing")
                #expect(zip(image.geometry.spacing, spacing).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
                let summary = VoxelSummary(of: image.voxels)
                #expect(try summary.sha256 == entry.string("sha256"), "\(name)")
                #expect(try summary.minimum == Float(entry.number("minimum")), "\(name)")
                #expect(try summary.maximum == Float(entry.number("maximum")), "\(name)")
                if entry["origin"] != nil {
                    let place: JSONValue = [
                        "spacing": .reals(spacing), "origin": entry["origin"] ?? .null,
                        "direction": entry["direction"] ?? .null,
                    ]
                    try expectPlace(image.geometry, place, name)
                }
            }
        }
    }

    @Test(
        "refusals say what the file holds", .realData,
        arguments: [
            ("nifti-rs/rgb/3D.nii", "colors (RGB)"), ("nifti-rs/rgba/4D.nii", "colors (RGBA)"),
            ("nifti-rs/complex/complex32.nii", "complex numbers"), ("nibabel/row_major.dconn.nii", "CIFTI"),
            ("nibabel/analyze.hdr", "Analyze 7.5"), ("nibabel/nifti1.hdr", "nifti1.img is missing"),
            ("zero-byte/sub-001_T1w.nii.gz", "is empty"), ("lfs-pointer/liver_0.nii.gz", "git lfs pull"),
            ("nifti-rs", "it is a folder"), ("absent.nii", "No such file"),
        ])
    func refusals(name: String, words: String) throws {
        let path = try #require(TestFiles.realData) + "/odd/" + name
        let error = #expect(throws: VolumeError.self) { try NIfTI.read(path) }
        #expect(String(describing: error).contains(words))
    }

    @Test("the 48 orientations of one volume agree once they are canonical", .realData) func orientations() throws {
        let folder = try #require(TestFiles.realData) + "/odd/orient48/"
        let names = try FileAccess.list(folder)
        #expect(names.count == 48)
        let reference = try NIfTI.read(folder + "RAS.nii.gz")
        #expect(reference.canonical().voxels == reference.voxels)
        for name in names {
            let image = try NIfTI.read(folder + name).canonical()
            #expect(image.voxels == reference.voxels, "\(name)")
            #expect(image.geometry.agrees(with: reference.geometry), "\(name)")
            #expect(image.geometry.spacing == reference.geometry.spacing, "\(name)")
        }
    }

    @Test("a canonical image, written, is where it was") func canonicalPlace() throws {
        for entry in try Fixture("nifti_files.json").entries("places") {
            let name = try entry.string("name")
            try TestFiles.withTemporaryFolder { folder in
                try write(entry.string("file"), to: folder + "/x.nii")
                let canonical = try NIfTI.read(folder + "/x.nii").canonical()
                try NIfTI.write(canonical, to: folder + "/y.nii")
                let written = try NIfTI.read(folder + "/y.nii").geometry
                #expect(written.agrees(with: canonical.geometry), "\(name)")
                for axis in 0..<3 { #expect(canonical.geometry.affine[axis * 5] > 0) }
            }
        }
    }
}
