import Documents
import TestSupport
import Testing

extension EndToEnd {
    /// `extract-fingerprint`, `plan-experiment` and `preprocess`: the steps of `plan-and-preprocess` by themselves.
    @Suite struct PlanningCommandTests {
        @Test("The steps one by one make what plan-and-preprocess makes") func steps() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                let folder = sandbox.preprocessedFolder()
                try sandbox.run("plan-and-preprocess", "-d", "900", "-c", "3d_fullres", "2d")
                let together = try Sandbox.listing(of: folder)
                try FileAccess.remove(folder)
                expectRefused(
                    try sandbox.attempt("plan-experiment", "-d", "900"), saying: "dataset_fingerprint.json",
                    "extract-fingerprint")
                expectRefused(
                    try sandbox.attempt("preprocess", "-d", "900"), saying: "nnUNetPlans.json", "plan-and-preprocess")
                try sandbox.run("extract_fingerprint", "-d", "900", "-fpe", "DatasetFingerprintExtractor", "-np", "1")
                try sandbox.run(
                    "plan_experiment", "-d", "900", "-pl", "ExperimentPlanner", "-preprocessor_name",
                    "DefaultPreprocessor")
                let outcome = try sandbox.run(
                    "preprocess", "-d", "900", "-plans_name", "nnUNetPlans", "-c", "3d_fullres", "2d", "3d_lowres",
                    "-np",
                    "2", "1", "1")
                #expect(outcome.output.contains("INFO: the plans nnUNetPlans have no configuration 3d_lowres"))
                #expect(try Sandbox.listing(of: folder) == together)
                #expect(together.keys.contains("nnUNetPlans_2d/phantom_000.npy"))
            }
        }

        @Test("Planners by nnU-Net's names, and options that are not known") func options() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                try sandbox.run("extract-fingerprint", "-d", "900")
                try sandbox.run("plan-experiment", "-d", "900", "-pl", "nnUNetPlannerResEncL")
                let plans = try JSONValue(
                    contentsOf: sandbox.preprocessedFolder() + "/nnUNetResEncUNetLPlans.json")
                #expect(plans["experiment_planner_used"]?.string == "nnUNetPlannerResEncL")
                #expect(
                    plans["configurations"]?["3d_fullres"]?["data_identifier"]?.string == "nnUNetPlans_3d_fullres")
                expectRefused(
                    try sandbox.attempt("plan-experiment", "-d", "900", "-pl", "MyPlanner"), saying: "\"MyPlanner\"",
                    "ResEncUNetPlanner")
                expectRefused(
                    try sandbox.attempt("plan-experiment", "-d", "900", "-preprocessor_name", "Mine"),
                    saying: "\"Mine\"",
                    "DefaultPreprocessor")
                expectRefused(
                    try sandbox.attempt("extract-fingerprint", "-d", "900", "-fpe", "Mine"), saying: "\"Mine\"",
                    "DatasetFingerprintExtractor")
                expectRefused(
                    try sandbox.attempt("plan-and-preprocess", "-d", "900", "-c", "2d", "-np", "1", "2"),
                    saying: "-np has 2 numbers for 1 configuration")
            }
        }

        @Test("Cases that other plans have replaced are refused until they are made anew") func sharedFolder() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                try sandbox.run("plan-and-preprocess", "-d", "900")
                try sandbox.run(
                    "plan-and-preprocess", "-d", "900", "-pl", "nnUNetPlannerResEncM", "-overwrite_plans_name",
                    "coarse", "-overwrite_target_spacing", "2.5,2,2")
                let command = ["train", "900", "3d_fullres", "0"] + Sandbox.oneIteration
                expectRefused(
                    try sandbox.start(command).outcome(), saying: "nnUNetPlans_3d_fullres cannot be used",
                    "spacing [2.5, 2.0, 2.0]", "/nnUNetPlans.json says [",
                    "preprocess -plans_name nnUNetPlans -c 3d_fullres")
                #expect(Sandbox.files(below: sandbox.results) == [])
                try sandbox.run("preprocess", "-d", "900", "-plans_name", "nnUNetPlans")
                let outcome = try sandbox.start(command).outcome()
                #expect(outcome.status == 0, "\(outcome)")
            }
        }

        @Test("Training what is planned but not trained yet is refused by name") func later() throws {
            try Sandbox.with { sandbox in
                try sandbox.makePhantom(cases: 5)
                try sandbox.run("extract-fingerprint", "-d", "900")
                try sandbox.run("plan-experiment", "-d", "900", "-gpu_memory_target", "0.005")
                for (name, words) in [
                    ("2d", "it is 2D"), ("3d_lowres", "in front of 3d_cascade_fullres"),
                    ("3d_cascade_fullres", "needs the predictions of 3d_lowres"),
                ] {
                    for fold in ["0", "all-folds"] {
                        expectRefused(
                            try sandbox.start(["train", "900", name, fold] + Sandbox.oneIteration).outcome(),
                            saying: name,
                            words, "comes later")
                    }
                }
                #expect(Sandbox.files(below: sandbox.results) == [])
            }
        }
    }
}
