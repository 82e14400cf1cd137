import CommandLineSpelling
import Testing

@Suite struct SpellingTests {
    static let spelling = Spelling(
        root: .init(
            name: "pgps", options: [.init("--help"), .init("-h"), .init("--version")],
            subcommands: [
                .init(
                    name: "plan-and-preprocess",
                    options: [
                        .init("-d", .list), .init("-c", .list), .init("-npfp", .single),
                        .init("--verify-dataset-integrity"), .init("-overwrite_plans_name", .single),
                    ]),
                .init(
                    name: "predict",
                    options: [
                        .init("-i", .single), .init("-o", .single), .init("-f", .list), .init("-step_size", .single),
                        .init("--disable_tta"), .init("-num_parts", .single),
                    ]),
                .init(
                    name: "train",
                    options: [
                        .init("-tr", .single), .init("--c"), .init("--mirror-axes", .list), .init("--epochs", .single),
                        .init("--val"),
                    ]),
                .init(
                    name: "checkpoint",
                    subcommands: [.init(name: "show-all", options: [.init("--json"), .init("--with_sums")])]),
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
    func names(given: String, expected: String) { expect(given, becomes: expected) }

    @Test(
        "Negative numbers are values of the option before them, or positional",
        arguments: [
            ("train 4 3d_fullres -1 --c -tr pgps", "train --c -tr pgps -- 4 3d_fullres -1"),
            ("train train_x -1,0 -0.5 --c -tr pgps_x", "train --c -tr pgps_x -- train_x -1,0 -0.5"),
            ("train -1 --mirror_axes 0 1", "train --mirror-axes 0 1 -- -1"),
            ("train --val -1", "train --val -- -1"),
            ("train 4 -1 -- -tr", "train -- 4 -1 -tr"),
            ("train 4 --epochs 3 -1", "train --epochs 3 -- 4 -1"),
            ("train --epochs -3 4 --c", "train --epochs=-3 4 --c"),
            ("train --epochs=3 -1", "train --epochs=3 -- -1"),
            ("train -epochs -3", "train --epochs=-3"),
            ("train --mirror-axes -1 0 -2 --c", "train --mirror-axes=-1 0,-2 --c"),
            ("train --mirror-axes=0 -1 -2", "train --mirror-axes=0,-1,-2"),
            ("predict -f -1 0", "predict -f=-1 0"),
            ("predict -i - -o x -step_size -0.5", "predict -i - -o x -step_size=-0.5"),
            ("train -- 4 -1", "train -- 4 -1"),
            ("-1 train", "-1 train"),
            ("checkpoint -1", "checkpoint -1"),
            ("train -1x", "train -- -1x"),
            ("train -x1", "train -x1"),
        ])
    func negativeNumbers(given: String, expected: String) { expect(given, becomes: expected) }

    private func expect(_ given: String, becomes expected: String) {
        let arguments = given.split(separator: " ").map(String.init)
        #expect(Self.spelling.normalized(arguments).joined(separator: " ") == expected)
    }
}
