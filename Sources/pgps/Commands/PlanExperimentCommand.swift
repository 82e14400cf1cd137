import ArgumentParser
import Datasets

/// `pgps plan-experiment`: the second step of `plan-and-preprocess`.
struct PlanExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan-experiment",
        abstract: "Plans networks and preprocessing from a dataset's fingerprint.",
        discussion: """
            Writes the plans, with all configurations that nnU-Net would plan; those that you added to an existing file \
            stay in it.

            Example:
              pgps plan-experiment -d 4 -pl nnUNetPlannerResEncL
              pgps plan-experiment -d 4 -overwrite_target_spacing 1 1 1 -overwrite_plans_name myPlans
            """)

    @OptionGroup var step: DatasetStepOptions
    @OptionGroup var planner: PlannerOptions

    func run() throws {
        var options = DatasetPreparation.Options()
        try planner.apply(to: &options)
        try step.run(options) { try $0.planExperiment(report: $1) }
    }
}
