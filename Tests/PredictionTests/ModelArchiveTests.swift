import Archives
import Checkpoints
import Datasets
import Documents
import Foundation
import Prediction
import TestSupport
import Testing

@Suite struct ModelArchiveTests {
    private static let model = "Dataset900_Tiny/cps__nnUNetPlans__3d_fullres"

    /// Installs an archive of the tiny model's documents and other entries, and returns what was installed.
    private static func install(_ entries: [String], _ folder: String) throws -> [String] {
        let path = folder + "/a.zip"
        let writer = try ZipWriter(path: path)
        for name in ["plans.json", "dataset.json"] {
            let bytes = Array((name == "plans.json" ? TinyModel().plansJSON : TinyModel().descriptionJSON).text().utf8)
            try bytes.withUnsafeBytes { try writer.add("\(model)/\(name)", parts: [$0]) }
        }
        for name in entries { try writer.store(name, parts: []) }
        try writer.finish()
        let workspace = Workspace(raw: nil, preprocessed: nil, results: folder + "/results")
        return try ModelArchive(contentsOf: path).install(in: workspace, overwrites: false) { _ in }
    }

    @Test("A model and what lies beside it are unpacked below the results") func install() throws {
        try TestFiles.withTemporaryFolder { folder in
            let others = ["Dataset900_Tiny/inference_information.json", "\(Self.model)/fold_0/debug.json"]
            let installed = try Self.install(others + ["\(Self.model)/fold_0/"], folder)
            #expect(installed == ["\(folder)/results/\(Self.model)"])
            for name in others { #expect(FileAccess.exists("\(folder)/results/\(name)")) }
            #expect(try FileAccess.list(folder + "/results") == ["Dataset900_Tiny"])
            let error = #expect(throws: ExchangeError.self) { try Self.install([], folder) }
            #expect(error == .exists(["\(folder)/results/\(Self.model)"]))
        }
    }

    @Test(
        "An entry that would leave the results is refused before anything is unpacked",
        arguments: [
            "../evil", "Dataset900_Tiny/../../evil", "/evil", "Dataset900_Tiny//evil", "Dataset900_Tiny/./evil",
            "Dataset900_Tiny\\..\\evil", "evil", "other/evil", "Dataset900_Tiny",
        ])
    func slip(name: String) throws {
        try TestFiles.withTemporaryFolder { folder in
            let error = #expect(throws: ExchangeError.self) { try Self.install([name], folder) }
            let text = try #require(error).description
            #expect(text.contains("\"" + name + "\""))
            #expect(try FileAccess.list(folder) == ["a.zip"])
        }
    }

    @Test("A damaged checkpoint in an archive leaves the results as they were") func damaged() throws {
        try TestFiles.withTemporaryFolder { folder in
            #expect(throws: CheckpointError.self) {
                try Self.install(["\(Self.model)/fold_0/checkpoint_final.pth"], folder)
            }
            let left = try FileAccess.list(folder + "/results")
            #expect(left == [])
        }
    }

    /// An archive of two models with a note in each, and one of them already there.
    private static func replaceTwo(_ folder: String, prepare: (String) throws -> Void) throws -> [String] {
        let path = folder + "/two.zip"
        let writer = try ZipWriter(path: path)
        for model in [Self.model, Self.second] {
            for (name, json) in [
                ("plans.json", TinyModel().plansJSON), ("dataset.json", TinyModel().descriptionJSON), ("new", "new"),
            ] {
                let bytes = Array(json.text().utf8)
                try bytes.withUnsafeBytes { try writer.add("\(model)/\(name)", parts: [$0]) }
            }
        }
        try writer.finish()
        let results = folder + "/results"
        try TinyModel().write(to: "\(results)/\(Self.model)", folds: [("0", [0])])
        try prepare(results)
        let workspace = Workspace(raw: nil, preprocessed: nil, results: results)
        return try ModelArchive(contentsOf: path).install(in: workspace, overwrites: true) { Issue.record("\($0)") }
    }

    private static let second = "Dataset901_Other/cps__nnUNetPlans__3d_fullres"

    /// All paths below a folder.
    private static func listing(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    }

    @Test("Models that are replaced go as a whole") func replaced() throws {
        try TestFiles.withTemporaryFolder { folder in
            _ = try Self.replaceTwo(folder) { results in
                try FileAccess.makeFolder("\(results)/\(Self.second)/fold_0")
            }
            var expected = ["Dataset900_Tiny", "Dataset901_Other"]
            for model in [Self.model, Self.second] {
                expected += [model, "\(model)/dataset.json", "\(model)/new", "\(model)/plans.json"]
            }
            #expect(try Self.listing(folder + "/results") == expected.sorted())
        }
    }

    @Test(
        "Where one of two models cannot take its place, both places stay as they were",
        arguments: ["a file is the folder of the dataset", "a link is the model", "a folder is not there"])
    func unreplaceable(obstacle: String) throws {
        try TestFiles.withTemporaryFolder { folder in
            var before: [String] = []
            let results = folder + "/results"
            let error = #expect(throws: FileError.self) {
                try Self.replaceTwo(folder) { results in
                    let target = "\(results)/\(Self.second)"
                    let parent = (target as NSString).deletingLastPathComponent
                    switch obstacle {
                    case "a file is the folder of the dataset": try FileAccess.replace(parent, with: "mine")
                    case "a link is the model":
                        try FileAccess.makeFolder(parent)
                        try FileAccess.makeLink(target, to: "nothing")
                    default: try FileAccess.makeLink(parent, to: "nothing")
                    }
                    before = try Self.listing(results)
                }
            }
            #expect(error?.description.contains("Dataset901_Other") == true, "\(String(describing: error))")
            #expect(before.contains(Self.model + "/fold_0/checkpoint_final.h5"))
            #expect(try Self.listing(results) == before)
            let weights = try ModelFolder(path: "\(results)/\(Self.model)").loadWeights(folds: [.number(0)])
            #expect(weights.members[0].pointer[0] == -0.5)
        }
    }

    @Test("Another model is not mixed with folds that are there") func otherModel() throws {
        try TestFiles.withTemporaryFolder { folder in
            let workspace = Workspace(raw: nil, preprocessed: nil, results: folder + "/results")
            let path = "\(folder)/results/\(Self.model)"
            try TinyModel().write(to: path, folds: [("0", [0]), ("1", [0])])
            let export = try ModelExport(
                ModelFolder(path: path), folds: [.number(0)], checkpoint: "checkpoint_final.h5", format: .nnUNet)
            _ = try export.write(to: folder + "/out", overwrites: false)
            var options = ModelImport.Options()
            options.trainer = "cps"
            func write(_ overwrites: Bool) throws -> [String] {
                try ModelImport(folder + "/out", options, workspace: workspace).write(
                    in: workspace, overwrites: overwrites)
            }
            #expect(throws: ExchangeError.exists([path + "/fold_0/checkpoint_final.h5"])) { try write(false) }
            #expect(try write(true) == [path + "/fold_0/checkpoint_final.h5"])
            let weights = try ModelFolder(path: path).loadWeights(folds: [.number(0)])
            #expect(weights.mirrorAxes == [0] && weights.members[0].pointer[0] == -0.5)

            // Without its plans, what is there is as precious.
            try FileAccess.remove(path + "/plans.json")
            #expect(throws: ExchangeError.exists([path + "/fold_0/checkpoint_final.h5"])) { try write(false) }
            _ = try write(true)

            var plans = try JSONValue(contentsOf: folder + "/out/plans.json").object ?? [:]
            plans["note"] = "another"
            try FileAccess.replace(folder + "/out/plans.json", with: JSONValue.object(plans).text())
            #expect(throws: ExchangeError.otherModel(folder: path, folds: ["1"])) { try write(true) }

            try FileAccess.replace(folder + "/out/fold_0/checkpoint_final.safetensors", with: "x")
            #expect(throws: ExchangeError.foldTwice(fold: "0", path: folder + "/out")) { try write(true) }
        }
    }
}
