import Documents
import Foundation
import TestSupport
import Testing
import Volumes

extension EndToEnd {
    /// Raw datasets that `plan-and-preprocess` refuses, with one message and nothing written.
    @Suite struct BadDatasetTests {
        enum Damage: String, CaseIterable, CustomTestStringConvertible {
            case noDescription = "a missing dataset.json"
            case brokenDescription = "a dataset.json that is no JSON"
            case emptyDescription = "a dataset.json without labels and channels"
            case undeclaredLabel = "a label that is not declared"
            case otherShape = "image and label of different shape"
            case otherSpacing = "image and label of different spacing"
            case missingChannel = "a channel missing"
            case missingLabel = "a label map missing"
            case notANumber = "NaN in an image"
            case emptyFile = "an image of zero bytes"
            case text = "an image that is text"
            case truncated = "a truncated gzip file"
            case tooShort = "an image with fewer voxels than its header says"

            var testDescription: String { rawValue }
        }

        /// Damages the dataset and returns the words that the message must have.
        private func apply(_ damage: Damage, to sandbox: Sandbox) throws -> [String] {
            let folder = sandbox.rawFolder()
            let description = folder + "/dataset.json"
            let image = folder + "/imagesTr/phantom_002_0000.nii.gz"
            let label = folder + "/labelsTr/phantom_002.nii.gz"
            switch damage {
            case .noDescription:
                try FileManager.default.removeItem(atPath: description)
                return ["dataset.json", "missing"]
            case .brokenDescription:
                try FileAccess.replace(description, with: "{\"labels\": {\"background\": 0,}")
                return ["dataset.json", "line 1"]
            case .emptyDescription:
                try FileAccess.replace(description, with: "{}")
                return ["dataset.json", "labels", "channel_names"]
            case .undeclaredLabel:
                try sandbox.edit(description) { $0.set(["labels"], ["background": 0, "first": 1, "second": 2]) }
                return ["phantom_002", "label", "3"]
            case .otherShape:
                try sandbox.run(
                    "phantom", sandbox.folder + "/other", "--cases", "3", "--seed", "1", "--size", "24", "24", "26")
                let other = sandbox.folder + "/other/Dataset900_Phantom/labelsTr/phantom_002.nii.gz"
                try FileAccess.replace(label, with: FileAccess.read(other))
                return ["phantom_002", "shape"]
            case .otherSpacing:
                try FileAccess.replace(label, with: FileAccess.read(folder + "/labelsTr/phantom_001.nii.gz"))
                return ["phantom_002", "spacing"]
            case .missingChannel:
                try sandbox.edit(description) { $0.set(["channel_names"], ["0": "T1", "1": "T2"]) }
                for index in [0, 1, 3, 4] {
                    let name = folder + "/imagesTr/phantom_00\(index)_000"
                    try FileAccess.replace(name + "1.nii.gz", with: FileAccess.read(name + "0.nii.gz"))
                }
                return ["phantom_002", "1 channel", "channel_names"]
            case .missingLabel:
                try FileManager.default.removeItem(atPath: label)
                return ["phantom_002", "label"]
            case .notANumber:
                var volume = try NIfTI.read(image)
                volume.voxels[0, 3, 4, 5] = .nan
                try NIfTI.write(volume, to: image)
                return ["phantom_002", "NaN"]
            case .emptyFile:
                try FileAccess.replace(image, with: "")
                return ["phantom_002_0000.nii.gz", "empty"]
            case .text:
                try FileAccess.replace(
                    image, with: "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
                return ["phantom_002_0000.nii.gz", "not an image"]
            case .truncated:
                let bytes = try FileAccess.read(image)
                try FileAccess.replace(image, with: bytes.prefix(bytes.count / 2))
                return ["phantom_002_0000.nii.gz"]
            case .tooShort:
                // The header of a larger volume in front of this one's voxels is more than the file holds.
                var larger = try NIfTI.read(image)
                larger.voxels = .init(shape: [1, 24, 24, 25], repeating: 1)
                try NIfTI.write(larger, to: sandbox.folder + "/larger.nii")
                let bytes = try FileAccess.read(sandbox.folder + "/larger.nii")
                try FileManager.default.removeItem(atPath: image)
                try FileAccess.replace(image, with: bytes.dropLast(24 * 24 * 4))
                return ["phantom_002_0000.nii.gz"]
            }
        }

        @Test("A damaged dataset is refused", arguments: Damage.allCases)
        func refused(damage: Damage) throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                let words = try apply(damage, to: sandbox)
                let outcome = try sandbox.attempt(
                    "plan-and-preprocess", "-d", "900", "-c", "3d_fullres", "--verify-dataset-integrity")
                expectRefused(outcome)
                for word in words {
                    #expect(outcome.errors.contains(word), "the message lacks \"\(word)\":\n\(outcome)")
                }
                #expect(Sandbox.files(below: sandbox.preprocessed) == [])
                #expect(sandbox.leftovers() == [])
            }
        }

        @Test("Fewer than 5 cases need splits of their own") func fewCases() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 4)
                let outcome = try sandbox.attempt("plan-and-preprocess", "-d", "900", "-c", "3d_fullres")
                expectRefused(outcome, saying: "4 training cases", "splits_final.json", "\"train\"", "\"val\"")
                #expect(Sandbox.files(below: sandbox.preprocessed) == [])
                try FileAccess.replace(
                    sandbox.rawFolder() + "/splits_final.json",
                    with: """
                        [{"train": ["phantom_000", "phantom_001", "phantom_002"], "val": ["phantom_003"]}]
                        """)
                try sandbox.prepare()
                #expect(FileAccess.exists(sandbox.preprocessedFolder() + "/splits_final.json"))
            }
        }

        @Test("A dataset that does not exist is refused", arguments: ["777", "Dataset777_Nothing", "heart"])
        func noDataset(name: String) throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                expectRefused(try sandbox.attempt("plan-and-preprocess", "-d", name), saying: name)
                expectRefused(try sandbox.attempt("train", name, "3d_fullres", "0", "-tr", "cps"), saying: name)
                #expect(Sandbox.files(below: sandbox.preprocessed) == [] && Sandbox.files(below: sandbox.results) == [])
            }
        }
    }
}
