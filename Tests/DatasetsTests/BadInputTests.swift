import Datasets
import Documents
import Foundation
import TestSupport
import Testing
import Volumes

/// Bad raw data: one clear message, and nothing half-written.
@Suite struct BadInputTests {
    /// Writes a dataset, spoils it, and expects preparation to fail with all of `messages` before anything is written.
    private func expectRefusal(
        _ messages: [String], caseCount: Int = 6, description: JSONValue = SyntheticDataset.description,
        change: (Int, inout SyntheticDataset.Case) -> Void = { _, _ in }, spoil: (String) throws -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(
                to: root, caseCount: caseCount, description: description, change: change)
            try spoil(root + "/raw/Dataset001_Small")
            let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) {
                try SyntheticDataset.prepare(dataset)
            }
            let text = error?.description ?? ""
            for message in messages {
                #expect(text.contains(message), "\"\(message)\" is not in: \(text)", sourceLocation: sourceLocation)
            }
            #expect(!FileAccess.exists(root + "/preprocessed"), sourceLocation: sourceLocation)
        }
    }

    @Test("no dataset.json") func missingDescription() throws {
        try expectRefusal(
            ["dataset.json: the file is missing"],
            spoil: { try FileManager.default.removeItem(atPath: $0 + "/dataset.json") })
    }

    @Test("a malformed dataset.json") func malformedDescription() throws {
        try expectRefusal(
            ["dataset.json", "line 1"], spoil: { try FileAccess.replace($0 + "/dataset.json", with: "{'a': 1}") })
    }

    @Test("an undeclared label: its value, place and number") func undeclaredLabel() throws {
        try expectRefusal(
            ["case_2.nii.gz", "voxel [0, 0, 3] has the label 7, as are 1 more voxels", "0, 1, 2", "dataset.json"],
            change: { number, one in
                if number == 2 {
                    one.labels.scalars[3] = 7
                    one.labels.scalars[5] = 7
                }
            })
    }

    @Test("labels of another shape, and with other spacing") func geometry() throws {
        try expectRefusal(
            ["case_1.nii.gz: its shape is [23, 22, 14]", "[23, 22, 15]", "case_3.nii.gz: its spacing is"],
            spoil: { folder in
                let path = folder + "/labelsTr/case_1.nii.gz"
                let label = try NIfTI.readLabels(path)
                let cut = label.labels.cropped(to: BoundingBox(lower: [0, 0, 0], upper: [23, 22, 14]))
                try NIfTI.write(labels: cut, geometry: label.geometry, to: path)
                let other = folder + "/labelsTr/case_3.nii.gz"
                try NIfTI.write(
                    labels: try NIfTI.readLabels(other).labels, geometry: Geometry(spacing: [1, 1, 1]), to: other)
            })
    }

    @Test("a channel of another shape") func channelShape() throws {
        try expectRefusal(
            ["case_0_0001.nii.gz: its shape is [22, 20, 13]", "case_0_0000.nii.gz is [22, 20, 14]"],
            change: { number, one in
                if number == 0 {
                    one.channels[1] = one.channels[1].cropped(to: BoundingBox(lower: [0, 0, 0], upper: [22, 20, 13]))
                }
            })
    }

    @Test("a missing channel, a missing label file, and a wrong number of cases: all in one report") func missingFiles()
        throws
    {
        try expectRefusal(
            [
                "3 errors", "\"numTraining\" is 6, but 5 cases",
                "case_2: it has 1 channel (case_2_0000.nii.gz), dataset.json names 2",
                "case_4: the case has no label file",
            ],
            spoil: { folder in
                for name in ["imagesTr/case_0_0000", "imagesTr/case_0_0001", "imagesTr/case_2_0001", "labelsTr/case_4"]
                {
                    try FileManager.default.removeItem(atPath: "\(folder)/\(name).nii.gz")
                }
            })
    }

    @Test("NaN in an image: its place and number") func notANumber() throws {
        try expectRefusal(
            ["case_5_0001.nii.gz: voxel [0, 0, 0, 2] is NaN, as are 1 more voxels"],
            change: { number, one in
                if number == 5 {
                    one.channels[1].scalars[2] = .nan
                    one.channels[1].scalars[4] = .nan
                }
            })
    }

    @Test("files that are no images") func unreadable() throws {
        try expectRefusal(
            ["case_0_0000.nii.gz", "case_1.nii.gz", "2 errors"],
            spoil: { folder in
                try FileAccess.replace(folder + "/imagesTr/case_0_0000.nii.gz", with: "")
                try FileAccess.replace(folder + "/labelsTr/case_1.nii.gz", with: "not an image")
            })
    }

    @Test("an image without a channel number, and the old name of the channels") func names() throws {
        var description = try #require(SyntheticDataset.description.object)
        description["modality"] = description["channel_names"]
        description["channel_names"] = nil
        try expectRefusal(
            ["case_9.nii.gz: the name ends in no channel number", "\"channel_names\""],
            description: .object(description),
            spoil: { folder in
                try FileManager.default.copyItem(
                    atPath: folder + "/imagesTr/case_0_0000.nii.gz", toPath: folder + "/imagesTr/case_9.nii.gz")
            })
    }

    @Test("fewer than 5 cases without splits, and with them") func fewCases() throws {
        var description = try #require(SyntheticDataset.description.object)
        description["numTraining"] = 4
        try expectRefusal(
            ["4 training cases", "splits_final.json like", "\"val\""], caseCount: 4, description: .object(description))
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root, caseCount: 4, description: .object(description))
            let splits = Splits(folds: [FoldSplit(train: ["case_0", "case_1", "case_2"], validation: ["case_3"])])
            try splits.write(to: root + "/raw/Dataset001_Small/splits_final.json")
            try SyntheticDataset.prepare(dataset)
            let path = root + "/preprocessed/Dataset001_Small/splits_final.json"
            #expect(try Splits(contentsOf: path, identifiers: ["case_0", "case_1", "case_2", "case_3"]) == splits)
        }
    }

    @Test("a preprocessed path below a regular file") func blockedPath() throws {
        try TestFiles.withTemporaryFolder { root in
            var dataset = try SyntheticDataset.write(to: root)
            try FileAccess.replace(root + "/file", with: "")
            dataset.workspace.preprocessed = root + "/file/below"
            let error = #expect(throws: DatasetError.self) { try SyntheticDataset.prepare(dataset) }
            #expect(error?.description.contains("\(root)/file is not a folder") == true)
        }
    }

    @Test("splits in raw and preprocessed folder that differ") func contradictingSplits() throws {
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root)
            try SyntheticDataset.prepare(dataset)
            let splits = Splits(folds: [FoldSplit(train: ["case_0"], validation: ["case_3"])])
            try splits.write(to: root + "/raw/Dataset001_Small/splits_final.json")
            let error = #expect(throws: DatasetError.self) { try SyntheticDataset.prepare(dataset) }
            #expect(error?.description.contains("differ") == true)
        }
    }

    @Test("a failing case is named and leaves no folder") func failingCase() throws {
        var description = try #require(SyntheticDataset.description.object)
        description["channel_names"] = ["0": "CT", "1": "rgb_to_0_1"]
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root, description: .object(description))
            let error = #expect(throws: DatasetError.self) { try SyntheticDataset.prepare(dataset) }
            #expect(error?.description.hasPrefix("case case_") == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("0 … 255") == true)
            let names = try FileAccess.list(root + "/preprocessed/Dataset001_Small")
            #expect(!names.contains { $0.hasPrefix("nnUNetPlans_3d_fullres") })
        }
    }

    @Test("warnings about origin do not stop anything") func warnings() throws {
        try TestFiles.withTemporaryFolder { root in
            let dataset = try SyntheticDataset.write(to: root)
            let path = root + "/raw/Dataset001_Small/labelsTr/case_1.nii.gz"
            let label = try NIfTI.readLabels(path)
            try NIfTI.write(
                labels: label.labels, geometry: Geometry(spacing: label.geometry.spacing, origin: [5, 0, 0]), to: path)
            let report = IntegrityCheck.run(try RawDataset(folder: root + "/raw/Dataset001_Small"))
            #expect(report.errors.isEmpty && report.warnings.count == 1)
            #expect(report.description.contains("sound: 6 cases checked, 1 warning"))
            #expect(report.description.contains("case_1.nii.gz: its origin or direction"))
            try SyntheticDataset.prepare(dataset)
        }
    }
}
