import Datasets
import Documents
import Prediction
import TestSupport
import Testing

@Suite struct ModelImportTests {
    private static let network = ["configurations", "3d_fullres", "architecture", "arch_kwargs"]

    /// A network whose strides' product has no number.
    private static func deep(_ levelCount: Int) -> JSONValue {
        let arguments = ["3d_fullres", "architecture", "arch_kwargs"].reduce(
            TinyModel().plansJSON["configurations"] ?? .null
        ) { $0[$1] ?? .null }
        var object = arguments.object ?? [:]
        object["strides"] = .array([[1, 1, 1]] + Array(repeating: [2, 2, 2], count: levelCount - 1))
        object["kernel_sizes"] = .array(Array(repeating: [3, 3, 3], count: levelCount))
        for key in ["features_per_stage", "n_conv_per_stage", "n_conv_per_stage_decoder"] { object[key] = 1 }
        return .object(object)
    }

    /// Imports the exported tiny model after a change of its plans.
    private static func importing(_ path: [String], _ value: JSONValue, _ folder: String) throws -> [String] {
        let model = folder + "/cps__nnUNetPlans__3d_fullres"
        try TinyModel().write(to: model, folds: [("0", [0])])
        let exported = folder + "/exported"
        _ = try ModelExport(
            ModelFolder(path: model), folds: [], checkpoint: "checkpoint_final.h5", format: .nnUNet
        ).write(to: exported, overwrites: false)
        let plans = changed(try JSONValue(contentsOf: exported + "/plans.json"), path[...], value)
        try FileAccess.replace(exported + "/plans.json", with: plans.text())
        let workspace = Workspace(raw: nil, preprocessed: nil, results: folder + "/results")
        return try ModelImport(exported, ModelImport.Options(), workspace: workspace).write(
            in: workspace, overwrites: false)
    }

    private static func changed(_ json: JSONValue, _ path: ArraySlice<String>, _ value: JSONValue) -> JSONValue {
        guard let key = path.first, var object = json.object else { return value }
        object[key] = changed(object[key] ?? .null, path.dropFirst(), value)
        return .object(object)
    }

    @Test("A model appears under the trainer's name, in the dataset and plans of its documents") func names() throws {
        try TestFiles.withTemporaryFolder { folder in
            let paths = try Self.importing(["plans_name"], "myPlans", folder)
            let model = folder + "/results/Dataset900_Tiny/nnUNetTrainer__myPlans__3d_fullres"
            #expect(paths == [model + "/fold_0/checkpoint_final.h5"])
            let weights = try ModelFolder(path: model).loadWeights(folds: [.number(0)])
            #expect(weights.mirrorAxes == [0] && weights.members[0].pointer[0] == -0.5)
        }
    }

    @Test(
        "Plans that would leave the results or fill the memory are refused before anything is written",
        arguments: [
            (["plans_name"], "../../evil", "plans_name is \"../../evil\""),
            (["plans_name"], "a__b", "plans_name is \"a__b\""),
            (["plans_name"], "a\nb", #"plans_name is "a\nb""#),
            (["dataset_name"], "../evil", "does not say the name of its dataset: give it with -d"),
            (
                network + ["features_per_stage"], [4, 1_099_511_627_776],
                "the number of features of a level is 1099511627776, but must be 4096 or less"
            ),
            (
                network + ["n_conv_per_stage"], 1_000_000_000,
                "the number of convolutions or blocks of a level is 1000000000, but must be 64 or less"
            ),
            (
                network + ["kernel_sizes"], [[3, 3, 3], [9_000_001, 3, 3]],
                "the extent of a kernel is 9000001, but must be 15 or less"
            ),
            (
                ["configurations", "3d_fullres", "patch_size"], [4, 6, .integer(.max)],
                "the extent of its patch is 9223372036854775807, but must be 4096 or less"
            ),
            (network, deep(64), "its number of resolution levels is 64, but must be 16 or less"),
        ] as [([String], JSONValue, String)])
    func hostilePlans(path: [String], value: JSONValue, reason: String) throws {
        try TestFiles.withTemporaryFolder { folder in
            let error = #expect(throws: (any Error).self) { try Self.importing(path, value, folder) }
            let text = "\(try #require(error))"
            #expect(error is ExchangeError || error is PredictionError)
            #expect(text.contains(reason), "\(text)")
            #expect(!FileAccess.exists(folder + "/results"))
        }
    }
}
