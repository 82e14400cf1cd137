import Curriculum
import Datasets
import Documents
import TestSupport
import Testing
import Training

@Suite struct RunConfigurationTests {
    @Test("Flags win over the file, the file over the defaults") func precedence() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/run.yaml"
            try FileAccess.replace(
                path,
                with: """
                    # a comment
                    dataset: 4
                    fold: [2, 0, 1]
                    scheme: pgps+
                    iterations_per_epoch: 20
                    mirror-axes: none
                    save-every: 1s
                    npz: yes
                    batch-construction: single_crop
                    """)
            var flags = RunOverrides()
            flags.scheme = .cps
            flags.epochs = 3
            let run = try RunConfiguration.resolve(file: path, overrides: flags)
            var expected = RunConfiguration(dataset: "4", fold: "2,0,1", scheme: .cps)
            expected.epochs = 3
            expected.iterationsPerEpoch = 20
            expected.mirrorAxes = []
            expected.saveEvery = 1
            expected.npz = true
            expected.batchConstruction = .singleCrop
            #expect(run == expected)
            #expect(try run.folds == .several([.number(0), .number(1), .number(2)]))
        }
    }

    @Test("The defaults are nnU-Net's, and 10 minutes between checkpoints") func defaults() {
        let run = RunConfiguration(dataset: "4", fold: "0", scheme: .pgps)
        #expect(run.configuration == "3d_fullres" && run.plans == "nnUNetPlans" && run.seed == 1)
        #expect(run.epochs == 1000 && run.iterationsPerEpoch == 250 && run.validationIterations == 50)
        #expect(run.mirrorAxes == [0, 1, 2] && run.saveEvery == 600 && !run.npz && run.threads == nil)
        #expect(run.precision == .auto)
    }

    @Test(
        "The text of a configuration reads back to the same configuration",
        arguments: Scheme.allCases)
    func roundTrip(scheme: Scheme) throws {
        var run = RunConfiguration(dataset: "Dataset004_A: #b", fold: "all", scheme: scheme)
        run.seed = .max
        run.threads = scheme == .cps ? nil : 8
        run.batchConstruction = scheme == .rpss ? .multiCrop : nil
        run.mirrorAxes = scheme == .pgps ? [] : [0, 2]
        run.saveEvery = scheme == .cps ? 5400 : scheme == .pgps ? 0.25 : 3600
        run.plans = scheme == .pgps ? "no" : "plans \"x\""
        run.engine = .openBLAS
        run.precision = scheme == .cps ? .auto : .fp32
        run.checkpointWriter = .root
        run.pretrainedWeights = scheme == .cps ? nil : "/a folder/w: #1.pth"
        let read = try RunOverrides(yaml: run.yaml, path: "run.yaml")
        #expect(try RunConfiguration.resolve(file: nil, overrides: read) == run)
    }

    @Test(
        "Folds are understood as typed",
        arguments: [
            ("0", FoldSelection.one(.number(0))), ("17", .one(.number(17))), ("all", .one(.all)),
            ("all-folds", .allFolds), ("all_folds", .allFolds), ("1,0", .several([.number(0), .number(1)])),
            ("0 1, 2", .several([.number(0), .number(1), .number(2)])),
        ])
    func folds(text: String, selection: FoldSelection) {
        #expect(FoldSelection(parsing: text) == selection)
    }

    @Test(
        "Other texts are no folds", arguments: ["", "-1", "1.5", "alll", "0,0", "0,all", "all,all-folds", "0x1", "٣"])
    func notFolds(text: String) {
        #expect(FoldSelection(parsing: text) == nil)
    }

    @Test("All folds are as many as the splits have") func allFolds() {
        #expect(FoldSelection.allFolds.names(splitCount: 3) == [.number(0), .number(1), .number(2)])
        #expect(FoldSelection.several([.number(4)]).names(splitCount: 5) == [.number(4)])
    }

    @Test(
        "Times are seconds, minutes or hours",
        arguments: [("90", 90.0), ("1s", 1), ("1.5s", 1.5), ("10m", 600), ("2h", 7200)])
    func times(text: String, seconds: Double) throws {
        var overrides = RunOverrides()
        try overrides.set(.saveEvery, to: [text])
        #expect(overrides.saveEvery == seconds)
    }

    static let mistakes: [(yaml: String, message: String)] = [
        (
            "dataset: 4\nepcohs: 3",
            "x.yaml, line 2: unknown key \"epcohs\"; the nearest known key is \"epochs\" (known keys: dataset, "
                + "configuration, fold, scheme, plans, epochs, iterations-per-epoch, validation-iterations, seed, threads, "
                + "batch-construction, mirror-axes, save-every, npz, engine, precision, checkpoint-writer, "
                + "pretrained-weights)"
        ),
        (
            "scheme: pgps-perfomance",
            "x.yaml, line 1: scheme is \"pgps-perfomance\", but must be one of cps, pgps, pgps+, rpss, pgps-efficiency, "
                + "pgps-performance, progressive-resolution; the nearest is pgps-performance"
        ),
        ("\nepochs: 0", "x.yaml, line 2: epochs is \"0\", but must be a whole number from 1 on"),
        ("epochs: 1e3", "x.yaml, line 1: epochs is \"1e3\", but must be a whole number from 1 on"),
        ("epochs: [1, 2]", "x.yaml, line 1: epochs is \"a list\", but must be one value"),
        ("threads:", "x.yaml, line 1: threads is \"\", but must be a whole number from 1 on"),
        ("seed: -1", "x.yaml, line 1: seed is \"-1\", but must be a whole number from 0 to 18446744073709551615"),
        (
            "fold: five",
            "x.yaml, line 1: fold is \"five\", but must be a number from 0 on, \"all\" (one fold of all cases), several "
                + "numbers (0,1,2), or \"all-folds\" (every fold of the splits)"
        ),
        (
            "mirror-axes: [0, 3]",
            "x.yaml, line 1: mirror-axes is \"0 3\", but must be \"none\" or different axes of 0 1 2 (D, H, W)"
        ),
        (
            "save-every: 10 minutes",
            "x.yaml, line 1: save-every is \"10 minutes\", but must be a time such as 90s, 10m or 2h"
        ),
        ("save-every: 0s", "x.yaml, line 1: save-every is \"0s\", but must be a time such as 90s, 10m or 2h"),
        ("npz: maybe", "x.yaml, line 1: npz is \"maybe\", but must be true or false"),
        (
            "engine: mkl",
            "x.yaml, line 1: engine is \"mkl\", but must be one of onednn, openblas; the nearest is onednn"
        ),
        (
            "epochs: 3\nseed: 1\nepochs: 4",
            "x.yaml, line 3: the key \"epochs\" occurs twice (first in line 1); remove one of the lines"
        ),
        (
            "c: true",
            "x.yaml, line 1: \"c\" belongs on the command line of pgps train, not in a configuration: remove the line and "
                + "give --c"
        ),
        (
            "- dataset",
            "x.yaml, line 1: a run configuration is a list of \"key: value\" lines, such as \"epochs: 1000\""
        ),
        (
            "dataset: 4\n  fold: 0",
            "x.yaml, line 2: not YAML: mapping values are not allowed in this context; write one \"key: value\" per line"
        ),
    ]

    @Test("A mistake is named with its place and its remedy", arguments: mistakes)
    func mistake(yaml: String, message: String) {
        #expect {
            try RunOverrides(yaml: yaml, path: "x.yaml")
        } throws: { error in
            let text = "\(error)"
            if text != message { Issue.record("\(text)") }
            return text == message
        }
    }

    @Test("Flags are checked like keys, and named as flags") func flags() {
        var overrides = RunOverrides()
        #expect {
            try overrides.set(.saveEvery, to: ["soon"])
        } throws: { "\($0)" == "--save-every is \"soon\", but must be a time such as 90s, 10m or 2h" }
        #expect {
            try overrides.set(.fold, to: ["-1"])
        } throws: { "\($0)".hasPrefix("the fold argument is \"-1\", but must be a number from 0 on") }
    }

    @Test("What is missing is named") func missing() {
        #expect {
            try RunConfiguration.resolve(file: nil, overrides: RunOverrides())
        } throws: {
            "\($0)" == "the run has no dataset, fold, scheme: give <dataset> <fold> -tr SCHEME after pgps train"
        }
    }

    @Test("A file that is not there is named") func noFile() {
        #expect {
            try RunConfiguration.resolve(file: "/nowhere/x.yaml", overrides: RunOverrides())
        } throws: {
            "\($0)" == "cannot read the run configuration /nowhere/x.yaml: No such file or directory; give --config an "
                + "existing YAML file"
        }
    }
}
