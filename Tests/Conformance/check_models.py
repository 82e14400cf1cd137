"""Models that travel: exported here and used by nnU-Net, written by nnU-Net's trainer and used here.

A short training on a phantom makes a model that is no longer noise. Both programs predict with the same weights; nnU-Net
adds logits in half precision, so single voxels may differ, and one of the 40 of a small lesion is 0.01 of its Dice. With its
sums in single precision (see predict_with_nnunet.py) none may.
"""
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys

from label_maps import agreement
from rows import Row, largest_of

LARGEST_DICE_LOSS = 0.002
HERE = pathlib.Path(__file__).resolve().parent


def run(context):
    rows = []
    for name in ["labels", "ResEnc M"] if context.quick else ["labels", "ResEnc M", "regions", "two channels"]:
        phantom = Phantom(context, name)
        phantom.train()
        rows += [*phantom.models_out(), phantom.training_goes_on(), *phantom.models_in()]
    return rows


class Phantom:
    """A small dataset, its folders and a model trained on it."""

    ID = "907"
    PATCH = [16, 16, 16]

    def __init__(self, context, name):
        self.pgps = str(context.pgps)
        self.name = name
        self.is_residual = name == "ResEnc M"
        self.planner, self.plans = (
            ("nnUNetPlannerResEncM", "nnUNetResEncUNetMPlans") if self.is_residual
            else ("ExperimentPlanner", "nnUNetPlans"))
        self.folder = context.work / name.replace(" ", "_")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.environment = dict(
            os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive", OMPI_ALLOW_RUN_AS_ROOT="1",
            OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", nnUNet_n_proc_DA="0")
        for root in ("raw", "preprocessed", "results"):
            (self.folder / root).mkdir(parents=True)
            self.environment["nnUNet_" + root] = str(self.folder / root)
        self.images = self.folder / "raw" / f"Dataset{self.ID}_Phantom" / "imagesTs"

    def call(self, *words):
        done = subprocess.run([str(word) for word in words], env=self.environment, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]} {words[1]}: {(done.stderr or done.stdout)[-800:]}")

    def train(self):
        self.call(self.pgps, "phantom", self.folder / "raw", "--cases", 5, "--test-cases", 2, "--seed", 11, "--size",
                  28, 24, 32, "--id", self.ID)
        raw = self.images.parent
        description = json.loads((raw / "dataset.json").read_text())
        if self.name == "regions":
            description["labels"] = {"background": 0, "all": [1, 2, 3], "inside": [2, 3], "lesion": 3}
            description["regions_class_order"] = [1, 2, 3]
        if self.name == "two channels":
            description["channel_names"] = {"0": "CT", "1": "MR"}
            for image in [*raw.glob("imagesT*/*_0000.nii.gz")]:
                shutil.copy(image, str(image).replace("_0000.", "_0001."))
        (raw / "dataset.json").write_text(json.dumps(description))
        self.call(self.pgps, "plan-and-preprocess", "-d", self.ID, "-c", "3d_fullres", "-np", 1, "-pl",
                  self.planner)
        self.shrink_plan()
        self.call(self.pgps, "train", self.ID, "3d_fullres", 0, "-tr", "cps", "-p", self.plans, "--epochs", 2,
                  "--iterations-per-epoch", 200, "--validation-iterations", 1, "--precision", "fp32", "--threads", 1)

    def shrink_plan(self):
        """A network that trains in seconds; both programs read the same plans.

        The skip paths of the residual one do nothing, pool, pool and change the channels, change the channels.
        """
        path = self.folder / "preprocessed" / f"Dataset{self.ID}_Phantom" / f"{self.plans}.json"
        plans = json.loads(path.read_text())
        configuration = plans["configurations"]["3d_fullres"]
        configuration.update(patch_size=self.PATCH, batch_size=2)
        network = configuration["architecture"]["arch_kwargs"]
        if self.is_residual:
            network.update(n_stages=4, features_per_stage=[16, 16, 32, 48], kernel_sizes=[[3, 3, 3]] * 4,
                           strides=[[1, 1, 1], [2, 2, 2], [2, 2, 2], [1, 1, 1]], n_blocks_per_stage=[1, 2, 2, 1],
                           n_conv_per_stage_decoder=[1, 1, 1])
        else:
            network.update(n_stages=3, features_per_stage=[16, 16, 32], kernel_sizes=[[3, 3, 3]] * 3,
                           strides=[[1, 1, 1], [2, 2, 2], [2, 2, 2]], n_conv_per_stage=[2, 2, 2],
                           n_conv_per_stage_decoder=[2, 2])
        path.write_text(json.dumps(plans, indent=4))

    def models_out(self):
        """The exported model in nnU-Net, beside the original here."""
        self.model = self.folder / "exported"
        self.call(self.pgps, "export", "-d", self.ID, "-c", "3d_fullres", "-tr", "cps", "-p", self.plans, "--format",
                  "nnunet", self.model)
        return self.compare("out", "cps", self.model)

    def training_goes_on(self):
        """nnU-Net's trainer takes the exported checkpoint up and writes one of its own after an optimizer step."""
        self.written = self.folder / "written"
        self.call(sys.executable, HERE / "trainer_checkpoint.py", self.model, self.written)
        report = json.loads((self.written / "report.json").read_text())
        for document in ("plans.json", "dataset.json"):
            shutil.copy(self.model / document, self.written / document)
        return Row(f"models, {self.name}: weights, momentum and epoch in nnU-Net's trainer", report["tensors"],
                   report["largest"], 0.0, report["largest"] == 0.0)

    def models_in(self):
        """A checkpoint of nnU-Net's trainer here, beside nnU-Net."""
        self.call(self.pgps, "import", self.written)
        return self.compare("in", "nnUNetTrainer", self.written)

    def compare(self, direction, trainer, model):
        """Rows for nnU-Net with its sums in single precision, and as it is, where a lone voxel may differ in a label."""
        ours, mirroring = self.folder / f"{direction}_pgps", ["--disable_tta"] if direction == "out" else []
        self.call(self.pgps, "predict", "-i", self.images, "-o", ours, "-d", self.ID, "-c", "3d_fullres", "-f", 0, "-tr",
                  trainer, "-p", self.plans, "--precision", "fp32", *mirroring)
        words, rows = "exported" if direction == "out" else "imported, mirrored", []
        for precision, forgiven in [("single", 0), ("half", 1)]:
            theirs = self.folder / f"{direction}_nnunet_{precision}"
            self.call(sys.executable, HERE / "predict_with_nnunet.py", precision, "-i", self.images, "-o", theirs, "-m",
                      model, "-f", 0, *mirroring)
            losses = [1 - value for value in agreement(theirs, ours, forgiven)]
            largest = largest_of(losses) if len(losses) > 2 else math.nan
            sums = "nnU-Net's sums in single precision" if precision == "single" else "but for one voxel of a label"
            rows.append(Row(f"models, {self.name}: 1 - Dice between predictions, {words}, {sums}", len(losses), largest,
                            LARGEST_DICE_LOSS, largest <= LARGEST_DICE_LOSS))
        return rows
