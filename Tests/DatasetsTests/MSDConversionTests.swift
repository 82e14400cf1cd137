import Datasets
import Documents
import Foundation
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct MSDConversionTests {
    private let geometry = Geometry(spacing: [3, 0.5, 0.75], origin: [10, -20, 30])

    /// A task with one 4-D and one 3-D image.
    private func makeTask(_ folder: String) throws {
        for sub in ["imagesTr", "labelsTr", "imagesTs"] { try FileAccess.makeFolder(folder + "/" + sub) }
        let four = Tensor(shape: [2, 3, 4, 5], scalars: (0..<120).map { Float($0) + 0.5 })
        try NIfTI.write(Image(voxels: four, geometry: geometry), to: folder + "/imagesTr/a_1.nii.gz")
        let three = Tensor(shape: [1, 3, 4, 5], scalars: (0..<60).map { Float($0) })
        try NIfTI.write(Image(voxels: three, geometry: geometry), as: .int16, to: folder + "/imagesTs/a_2.nii.gz")
        try NIfTI.write(
            labels: Tensor<Int32>(shape: [3, 4, 5], scalars: (0..<60).map { Int32($0 % 3) }), geometry: geometry,
            to: folder + "/labelsTr/a_1.nii.gz")
        for name in ["imagesTr/._a_1.nii.gz", "labelsTr/._a_1.nii.gz", "imagesTr/notes.txt"] {
            try FileAccess.replace(folder + "/" + name, with: "macOS")
        }
        try FileAccess.replace(
            folder + "/dataset.json",
            with: #"""
                {"name": "Test", "licence": "CC", "tensorImageSize": "4D", "modality": {"0": "T2", "1": "ADC"},
                "labels": {"0": "background", "1": "PZ", "2": "TZ"}, "numTraining": 1, "numTest": 1,
                "training": [{"image": "./imagesTr/a_1.nii.gz", "label": "./labelsTr/a_1.nii.gz"}], "test": []}
                """#)
    }

    private func withTask(_ name: String = "Task05_Prostate", _ body: (String, Workspace) throws -> Void) throws {
        try TestFiles.withTemporaryFolder { root in
            try makeTask(root + "/" + name)
            let workspace = Workspace(raw: root + "/raw", preprocessed: root + "/pre", results: nil)
            try body(root + "/" + name, workspace)
        }
    }

    @Test("4-D images become one file per channel, the rest is copied") func conversion() throws {
        try withTask { task, workspace in
            let folder = try MSDConversion(source: task + "/", workspace: workspace).run()
            #expect(folder.hasSuffix("/raw/Dataset005_Prostate"))
            #expect(try FileAccess.list(folder + "/imagesTr") == ["a_1_0000.nii.gz", "a_1_0001.nii.gz"])
            #expect(try FileAccess.list(folder + "/imagesTs") == ["a_2_0000.nii.gz"])
            #expect(try FileAccess.list(folder + "/labelsTr") == ["a_1.nii.gz"])
            let second = try NIfTI.read(folder + "/imagesTr/a_1_0001.nii.gz")
            #expect(second.voxels.scalars == (60..<120).map { Float($0) + 0.5 } && second.voxels.shape == [1, 3, 4, 5])
            #expect(second.geometry.agrees(with: geometry))
            #expect(
                try FileAccess.read(folder + "/imagesTs/a_2_0000.nii.gz")
                    == FileAccess.read(task + "/imagesTs/a_2.nii.gz"))
            let dataset = try RawDataset(folder: folder)
            #expect(dataset.cases.map(\.identifier) == ["a_1"])
            let json = dataset.description.json
            #expect(json["labels"] == ["background": 0, "PZ": 1, "TZ": 2] && json["licence"] == "CC")
            #expect(json["channel_names"] == ["0": "T2", "1": "ADC"] && json["file_ending"] == ".nii.gz")
            #expect(json["modality"] == nil && json["training"] == nil && json["test"] == nil)
            #expect(IntegrityCheck.run(dataset).errors.isEmpty)
        }
    }

    @Test("a used number is refused, wherever it is used; another one can be given") func usedNumber() throws {
        try withTask { task, workspace in
            try FileAccess.makeFolder(try workspace.preprocessedRoot() + "/Dataset005_Old")
            let error = #expect(throws: DatasetError.self) { try MSDConversion(source: task, workspace: workspace) }
            #expect(error?.description.contains("Dataset005_Old") == true)
            let folder = try MSDConversion(source: task, workspace: workspace, id: 105).run()
            #expect(folder.hasSuffix("Dataset105_Prostate"))
        }
    }

    @Test(
        "folders that are no task are refused",
        arguments: ["Prostate", "Task05_Prostate_New", "TaskX_Prostate", "task05_Prostate"])
    func names(name: String) throws {
        try withTask(name) { task, workspace in
            let error = #expect(throws: DatasetError.self) { try MSDConversion(source: task, workspace: workspace) }
            #expect(error?.description.contains("TaskNN_Name") == true)
        }
    }

    @Test("an incomplete task and a damaged image are named; nothing remains") func damaged() throws {
        try withTask { task, workspace in
            try FileAccess.replace(task + "/imagesTr/a_3.nii.gz", with: "text")
            let error = #expect(throws: DatasetError.self) {
                try MSDConversion(source: task, workspace: workspace).run()
            }
            #expect(error?.description.contains("a_3.nii.gz") == true)
            #expect(try FileAccess.list(try workspace.rawRoot()).isEmpty)
            try FileManager.default.removeItem(atPath: task + "/labelsTr")
            let incomplete = #expect(throws: DatasetError.self) {
                try MSDConversion(source: task, workspace: workspace)
            }
            #expect(incomplete?.description.contains("labelsTr") == true)
        }
    }

    @Test("a source that may only be read is enough") func readOnly() throws {
        try withTask { task, workspace in
            let manager = FileManager.default
            try manager.setAttributes([.posixPermissions: 0o555], ofItemAtPath: task)
            defer { try? manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: task) }
            let before = try FileAccess.list(task)
            _ = try MSDConversion(source: task, workspace: workspace).run()
            #expect(try FileAccess.list(task) == before)
        }
    }
}
