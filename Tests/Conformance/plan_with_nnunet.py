"""Plans that nnU-Net writes for a dataset_fingerprint.json, without a dataset of that size."""
import contextlib
import io
import json
import os

PLANNERS = [
    "ExperimentPlanner", "ResEncUNetPlanner", "nnUNetPlannerResEncM", "nnUNetPlannerResEncL", "nnUNetPlannerResEncXL"]


def planner_class(name):
    """nnU-Net's planner, which counts a network's outputs without memory for its weights: the same number, sooner."""
    import torch
    from nnunetv2.experiment_planning.experiment_planners import default_experiment_planner, resencUNet_planner
    from nnunetv2.experiment_planning.experiment_planners.residual_unets import residual_encoder_unet_planners

    modules = [default_experiment_planner, resencUNet_planner, residual_encoder_unet_planners]
    found = next(getattr(module, name) for module in modules if hasattr(module, name))

    class Planner(found):
        @staticmethod
        def static_estimate_VRAM_usage(*arguments):
            with torch.device("meta"):
                return found.static_estimate_VRAM_usage(*arguments)

    Planner.__name__ = name  # it is written into the plans
    return Planner


def plan(name, dataset, **options):
    """The plans document of planner `name` for the dataset `DatasetXXX_Name` of the folders in the environment."""
    planner = planner_class(name)(dataset, **options)
    with contextlib.redirect_stdout(io.StringIO()):
        planner.plan_experiment()
    with open(os.path.join(os.environ["nnUNet_preprocessed"], dataset, planner.plans_identifier + ".json")) as file:
        return json.load(file)
