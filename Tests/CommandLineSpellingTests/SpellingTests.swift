import CommandLineSpelling
import Testing

@Suite struct SpellingTests {
    static let spelling = Spelling(
        root: .init(
            name: "pgps", optionNames: ["--help", "-h", "--version"],
            subcommands: [
                .init(
                    name: "plan-and-preprocess",
                    optionNames: ["-d", "-c", "-npfp", "--verify-dataset-integrity", "-overwrite_plans_name"]),
                .init(name: "predict", optionNames: ["-i", "-o", "-step_size", "--disable_tta", "-num_parts"]),
                .init(name: "train", optionNames: ["-tr", "--c", "--mirror-axes", "--epochs", "--val"]),
                .init(
                    name: "checkpoint", subcommands: [.init(name: "show-all", optionNames: ["--json", "--with_sums"])]),
            ]))

    @Test(
        "Names are turned into their declared spelling, values are not touched",
        arguments: [
            ("plan_and_preprocess -d 4 -npfp 2", "plan-and-preprocess -d 4 -npfp 2"),
            ("plan-and-preprocess --verify_dataset_integrity", "plan-and-preprocess --verify-dataset-integrity"),
            ("plan_and_preprocess --verify_dataset-integrity", "plan-and-preprocess --verify-dataset-integrity"),
            ("predict -step_size 0.5", "predict -step_size 0.5"),
            ("predict -step-size 0.5", "predict -step_size 0.5"),
            ("predict --step-size=0.5", "predict -step_size=0.5"),
            ("predict -disable-tta --disable_tta", "predict --disable_tta --disable_tta"),
            ("predict -i my_folder/a_b -o=out_dir", "predict -i my_folder/a_b -o=out_dir"),
            ("predict --num_parts=a_b-c_d", "predict -num_parts=a_b-c_d"),
            ("predict -- --step-size plan_and_preprocess", "predict -- --step-size plan_and_preprocess"),
            ("predict predict step-size", "predict predict step-size"),
            ("train 4 3d_fullres 0 --mirror_axes 0 1 2", "train 4 3d_fullres 0 --mirror-axes 0 1 2"),
            ("train train_x -1 -0.5 --c -tr pgps_x", "train train_x -1 -0.5 --c -tr pgps_x"),
            ("train -c", "train -c"),
            ("train ---epochs", "train ---epochs"),
            ("train --un_known", "train --un_known"),
            ("train -epochs 3", "train --epochs 3"),
            ("checkpoint show_all file_name.h5 --with-sums", "checkpoint show-all file_name.h5 --with_sums"),
            ("checkpoint show_none show_all", "checkpoint show_none show_all"),
            ("no_such_command --verify_dataset_integrity", "no_such_command --verify_dataset_integrity"),
            ("--version", "--version"),
            ("-", "-"),
            ("", ""),
        ])
    func table(given: String, expected: String) {
        let arguments = given.split(separator: " ").map(String.init)
        #expect(Self.spelling.normalized(arguments).joined(separator: " ") == expected)
    }
}
