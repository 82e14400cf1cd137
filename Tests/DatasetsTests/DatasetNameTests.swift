import Datasets
import Documents
import TestSupport
import Testing

@Suite struct DatasetNameTests {
    private func withRoots(_ names: [[String]], _ body: (Workspace) throws -> Void) throws {
        try TestFiles.withTemporaryFolder { folder in
            for (root, names) in zip(["raw", "pre", "res"], names) {
                try FileAccess.makeFolder("\(folder)/\(root)")
                for name in names { try FileAccess.makeFolder("\(folder)/\(root)/\(name)") }
            }
            try body(Workspace(raw: folder + "/raw", preprocessed: folder + "/pre", results: folder + "/res"))
        }
    }

    @Test("a number or the full name finds a dataset under any root") func resolving() throws {
        try withRoots([["Dataset004_Hip", "notes"], ["Dataset004_Hip", "Dataset007_Only_Here"], []]) {
            (workspace) throws in
            #expect(try DatasetName.resolve("4", in: workspace).name == "Dataset004_Hip")
            #expect(try DatasetName.resolve("004", in: workspace).id == 4)
            #expect(try DatasetName.resolve("Dataset007_Only_Here", in: workspace).id == 7)
            #expect(try DatasetName.resolve("7", in: workspace).name == "Dataset007_Only_Here")
        }
    }

    @Test("a number that two names share is refused, each full name is not") func ambiguity() throws {
        try withRoots([["Dataset004_Hip"], ["Dataset004_Other"], []]) { (workspace) throws in
            let error = #expect(throws: DatasetError.self) { try DatasetName.resolve("4", in: workspace) }
            #expect(error?.description.contains("Dataset004_Hip, Dataset004_Other") == true)
            #expect(try DatasetName.resolve("Dataset004_Other", in: workspace).name == "Dataset004_Other")
        }
    }

    @Test("a dataset that does not exist: the message lists those that do") func missing() throws {
        try withRoots([["Dataset004_Hip"], [], []]) { (workspace) throws in
            for text in ["777", "Dataset004_Hop"] {
                let error = #expect(throws: DatasetError.self) { try DatasetName.resolve(text, in: workspace) }
                #expect(
                    error?.description.contains("Dataset004_Hip") == true && error?.description.contains(text) == true)
            }
        }
    }

    @Test(
        "what is no dataset name",
        arguments: ["", "Hippocampus", "-4", "4.0", "Dataset4_Hip", "Dataset004_", "Dataset004"])
    func malformed(text: String) throws {
        try withRoots([["Dataset004_Hip"], [], []]) { (workspace) throws in
            #expect(throws: DatasetError.self) { try DatasetName.resolve(text, in: workspace) }
        }
    }

    @Test("a missing root names its variable and option") func missingRoot() {
        let empty = Workspace(environment: [:])
        let error = #expect(throws: DatasetError.self) { try empty.preprocessedRoot() }
        #expect(
            error?.description
                == "nnUNet_preprocessed is not set: export nnUNet_preprocessed=/path/to/folder, or give --preprocessed")
        #expect(throws: DatasetError.self) { try DatasetName.resolve("4", in: empty) }
    }

    @Test("options override the environment") func overrides() throws {
        let workspace = Workspace(
            environment: ["nnUNet_raw": "/a/", "nnUNet_results": "/c"], raw: nil, preprocessed: "/b", results: "/d")
        #expect(workspace == Workspace(raw: "/a", preprocessed: "/b", results: "/d"))
        let name = try #require(DatasetName(id: 4, shortName: "Hip"))
        #expect(
            try workspace.modelFolder(of: name, trainer: "cps", plans: "nnUNetPlans", configuration: "3d_fullres")
                == "/d/Dataset004_Hip/cps__nnUNetPlans__3d_fullres")
    }
}
