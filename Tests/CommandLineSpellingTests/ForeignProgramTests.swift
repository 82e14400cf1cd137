import CommandLineSpelling
import Testing

@Suite struct ForeignProgramTests {
    static let spelling = Spelling(
        root: .init(
            name: "pgps",
            subcommands: [
                .init(name: "train", options: [.init("-tr", .single), .init("--npz"), .init("--c")]),
                .init(name: "predict", options: [.init("-i", .single), .init("-tr", .single), .init("-f", .list)]),
                .init(name: "preprocess", options: [.init("-d", .list), .init("-c", .list), .init("-verbose")]),
                .init(name: "plan-and-preprocess", options: [.init("-d", .list), .init("-c", .list)]),
                .init(name: "plan-experiment", options: [.init("-d", .list)]),
                .init(name: "export-model-to-zip", options: [.init("-d", .single), .init("-tr", .single)]),
                .init(name: "evaluate"),
            ]))

    private func translated(_ words: String) throws -> (arguments: String, notes: [String]) {
        let words = words.split(separator: " ").map(String.init)
        let program = try #require(try ForeignProgram.called(words[0]))
        let (arguments, notes) = try program.translated(Array(words.dropFirst()), spelling: Self.spelling)
        return (arguments.joined(separator: " "), notes)
    }

    @Test(
        "What nnU-Net's users type is said here",
        arguments: [
            ("nnUNetv2_train 4 3d_fullres 0 --npz", "train -tr cps 4 3d_fullres 0 --npz"),
            ("/a/b/nnUNetv2_train 4 3d_fullres 0 -tr nnUNetTrainer --c", "train 4 3d_fullres 0 -tr cps --c"),
            ("nnUNetv2_train 4 3d_fullres 0 --tr=nnUNetTrainer", "train 4 3d_fullres 0 -tr cps"),
            ("nnUNetv2_train 4 3d_fullres 0 -tr pgps", "train 4 3d_fullres 0 -tr pgps"),
            ("nnUNetv2_train 4 3d_fullres 0 -tr", "train 4 3d_fullres 0 -tr"),
            ("nnUNetv2_train 4 3d_fullres 0 -device cpu", "train -tr cps 4 3d_fullres 0"),
            ("nnUNetv2_predict -i a -f 0 1 -device=cpu", "predict -tr nnUNetTrainer -i a -f 0 1"),
            ("nnUNetv2_predict -tr nnUNetTrainer -i a", "predict -tr nnUNetTrainer -i a"),
            ("nnUNetv2_predict -i a -- -npp 3", "predict -tr nnUNetTrainer -i a -- -npp 3"),
            ("nnUNetv2_evaluate_folder a b -np 1", "evaluate a b -np 1"),
            ("nnUNetv2_preprocess -d -1", "preprocess -c 2d 3d_fullres 3d_lowres -d -1"),
            ("nnUNetv2_preprocess -d 4 -c 2d", "preprocess -d 4 -c 2d"),
            (
                "nnUNetv2_plan_and_preprocess -d 4 5 -np 8 4 8",
                "plan-and-preprocess -c 2d 3d_fullres 3d_lowres -d 4 5 -np 8 4 8"
            ),
            ("nnUNetv2_plan_and_preprocess -d 4 --c=3d_fullres", "plan-and-preprocess -d 4 --c=3d_fullres"),
            ("nnUNetv2_plan_experiment -d 4", "plan-experiment -d 4"),
            ("nnUNetv2_export_model_to_zip -d 4 -o a.zip", "export-model-to-zip -tr nnUNetTrainer -d 4 -o a.zip"),
            ("nnUNetv2_export_model_to_zip -d 4 -tr cps", "export-model-to-zip -d 4 -tr cps"),
        ])
    func words(typed: String, wanted: String) throws {
        let (arguments, notes) = try translated(typed)
        #expect(arguments == wanted && notes.isEmpty, "\(notes)")
    }

    @Test("Options without meaning are taken with one line each") func notes() throws {
        let (arguments, notes) = try translated(
            "nnUNetv2_predict -npp 3 -i a --not_on_device -nps=2 -f 0 --verbose")
        #expect(arguments == "predict -tr nnUNetTrainer -i a -f 0")
        #expect(notes.count == 4 && notes[0] == "-npp: has no meaning here, one process does all on its threads")
        #expect(try translated("nnUNetv2_train 4 2d 0 -num_gpus 1").notes.count == 1)
    }

    @Test(
        "What would change the results is refused",
        arguments: [
            ("nnUNetv2_train 4 3d_fullres 0 -device cuda", "nnUNetv2_train: -device cuda: computes on CPUs"),
            ("nnUNetv2_predict --device=mps", "nnUNetv2_predict: -device mps: computes on CPUs"),
            ("nnUNetv2_predict -device", "nnUNetv2_predict: -device: computes on CPUs"),
            ("nnUNetv2_train 4 3d_fullres 0 -num_gpus 2", "mpirun -n"),
            ("nnUNetv2_train 4 3d_fullres 0 --val_best", "-val-best: validates with the final checkpoint"),
            ("nnUNetv2_predict -prev_stage_predictions x", "cascades"),
        ])
    func refusals(typed: String, words: String) throws {
        let error = #expect(throws: ForeignProgramError.self) { try translated(typed) }
        #expect("\(try #require(error))".contains(words), "\(String(describing: error))")
    }

    @Test("Other names are this program's own, or unknown ones of nnU-Net's") func names() throws {
        #expect(try ForeignProgram.called("/usr/bin/pgps") == nil)
        #expect(try ForeignProgram.called("") == nil)
        #expect(throws: ForeignProgramError.unknown(name: "nnUNetv2_dance")) {
            try ForeignProgram.called("links/nnUNetv2_dance")
        }
        // In the table, but without a command here.
        #expect(throws: ForeignProgramError.unknown(name: "nnUNetv2_ensemble")) {
            try translated("nnUNetv2_ensemble -i a")
        }
    }
}
