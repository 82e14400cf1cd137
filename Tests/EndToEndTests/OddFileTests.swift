import Documents
import TestSupport
import Testing

extension EndToEnd {
    @Suite struct OddFileTests {
        /// Files below `odd` that are no readable volume, and a word of the reason.
        static let refused: [(file: String, reason: String)] = [
            ("zero-byte/sub-001_T1w.nii.gz", "empty"), ("lfs-pointer/liver_0.nii.gz", "Git LFS pointer"),
            ("nifti-rs/complex/complex32.nii", "complex"), ("nifti-rs/complex/complex64.nii", "complex"),
            ("nifti-rs/rgb/3D.nii", "RGB"), ("nifti-rs/rgb/4D.nii", "RGB"), ("nifti-rs/rgba/4D.nii", "RGBA"),
            ("nibabel/row_major.dconn.nii", "CIFTI"), ("nibabel/analyze.hdr", "Analyze"),
            ("nibabel/nifti1.hdr", "nifti1.img"), ("nibabel/nifti2.hdr", "nifti2.img"),
            ("nifti-rs/README.md", "not a NIfTI file"), ("nifti-rs/fuzz_artifacts/crash-1.nii", "not a NIfTI file"),
            ("nifti-rs", "folder"),
        ]

        @Test("Odd files are shown or refused with one message", .realData) func inspect() throws {
            let odd = try #require(TestFiles.realData) + "/odd"
            try Sandbox.with { sandbox in
                for (file, reason) in Self.refused {
                    expectRefused(try sandbox.attempt("inspect", odd + "/" + file), saying: file, reason)
                }
                let known = Set(Self.refused.map(\.file))
                for file in Sandbox.files(below: odd) where !known.contains(file) && !file.hasPrefix("orient48") {
                    let outcome = try sandbox.attempt("inspect", odd + "/" + file, "--json")
                    if outcome.status == 0 {
                        #expect(try JSONValue(parsing: outcome.output)["voxelsSHA256"]?.string?.count == 64)
                    } else {
                        expectRefused(outcome, saying: file)
                    }
                }
            }
        }

        @Test("A volume in 48 axis orders is one volume after --canonical", .realData) func orientations() throws {
            let folder = try #require(TestFiles.realData) + "/odd/orient48"
            try Sandbox.with { sandbox in
                var seen: Set<String> = []
                let files = Sandbox.files(below: folder)
                for file in files {
                    let outcome = try sandbox.run("inspect", folder + "/" + file, "--canonical", "--json")
                    let shown = try JSONValue(parsing: outcome.output)
                    seen.insert("\(shown["shape"]?.integers ?? []) \(shown["voxelsSHA256"]?.string ?? "")")
                }
                #expect(files.count == 48 && seen.count == 1)
            }
        }
    }
}
