"""A model trained here for 1000 iterations on Hippocampus, when nnU-Net predicts with it and when pgps does.

PGPS_HIPPOCAMPUS_RUN names the nnUNet_results of a finished training of fold 0 with the same scheme, which is used instead
of a new one (ten minutes on two cores). Left out without the data, and in quick mode.
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

SCHEME = "pgps-efficiency"
NAME = "Dataset004_Hippocampus"
DICE = 0.001
LARGEST_DICE_LOSS = 0.002
# Number of validation images that are predicted; None for all.
IMAGES = None
HERE = pathlib.Path(__file__).resolve().parent
PEER = pathlib.Path(sys.executable).parent


def run(context):
    if context.quick or context.data is None or not (context.data / "Task04_Hippocampus").is_dir():
        return None
    hippocampus = Hippocampus(context)
    hippocampus.prepare()
    hippocampus.train()
    return hippocampus.compare()


class Hippocampus:
    """The decathlon's Hippocampus with nnU-Net's plans and splits, and a model of its fold 0."""

    def __init__(self, context):
        self.pgps, self.data = context.pgps, context.data / "Task04_Hippocampus"
        self.folder = context.work / "run"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.threads = len(os.sched_getaffinity(0))
        self.trained = os.environ.get("PGPS_HIPPOCAMPUS_RUN")
        self.results = pathlib.Path(self.trained or self.folder / "results")
        self.environment = {
            **os.environ, "OMP_NUM_THREADS": str(self.threads), "OMP_WAIT_POLICY": "passive",
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        for root in ("raw", "preprocessed", "results"):
            (self.folder / root).mkdir(parents=True)
            self.environment["nnUNet_" + root] = str(self.folder / root)

    def call(self, *words):
        done = subprocess.run([str(word) for word in words], env=self.environment, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]} {words[1]}: {(done.stderr or done.stdout)[-800:]}")

    def prepare(self):
        """Plans and splits, and folders of the images and labels that fold 0 validates."""
        self.call(self.pgps, "convert-msd", "-i", self.data)
        self.call(self.pgps, "plan-and-preprocess", "-d", 4, "-c", "3d_fullres", "--no_pbar")
        raw, self.preprocessed = self.folder / "raw" / NAME, self.folder / "preprocessed" / NAME
        self.images, self.labels = self.folder / "images", self.folder / "labels"
        for folder in (self.images, self.labels):
            folder.mkdir()
        splits = json.loads((self.preprocessed / "splits_final.json").read_text())
        self.cases = sorted(splits[0]["val"])[:IMAGES]
        for case in self.cases:
            shutil.copy(raw / "imagesTr" / f"{case}_0000.nii.gz", self.images)
            shutil.copy(raw / "labelsTr" / f"{case}.nii.gz", self.labels)

    def train(self):
        """1000 iterations, unless there is a model already."""
        if not self.trained:
            self.call(self.pgps, "train", 4, "3d_fullres", 0, "-tr", SCHEME, "--epochs", 20, "--iterations-per-epoch", 50,
                      "--validation-iterations", 2, "--threads", self.threads)
        run = self.results / NAME / f"{SCHEME}__nnUNetPlans__3d_fullres" / "fold_0"
        if not (run / "checkpoint_final.h5").is_file():
            raise FileNotFoundError(f"{run} has no checkpoint_final.h5: the training did not finish")

    def compare(self):
        """Both programs predict with the model, mirrored; nnU-Net scores both."""
        model, ours, theirs = (self.folder / name for name in ("exported", "pgps", "nnunet"))
        trained = ["-d", 4, "-c", "3d_fullres", "-tr", SCHEME, "-f", 0, "--results", self.results]
        self.call(self.pgps, "export", *trained, "--format", "nnunet", model)
        self.call(self.pgps, "predict", "-i", self.images, "-o", ours, *trained, "--precision", "fp32", "--threads",
                  self.threads, "--disable_progress_bar")
        # With -device cpu it takes as many threads as the machine has.
        self.call(PEER / "nnUNetv2_predict_from_modelfolder", "-i", self.images, "-o", theirs, "-m", model, "-f", 0,
                  "-device", "cpu", "-npp", 1, "-nps", 1, "--disable_progress_bar")
        dice = [self.score(folder, model) for folder in (ours, theirs)]
        difference = abs(dice[0] - dice[1])
        rows = [Row(f"Hippocampus, 1000 iterations: mean Dice, pgps {dice[0]:.5f}, nnU-Net {dice[1]:.5f}", len(self.cases),
                    difference, DICE, difference <= DICE), self.closeness("", theirs, ours)]
        if not rows[-1].ok:
            theirs = self.folder / "nnunet_single"
            self.call(sys.executable, HERE / "predict_with_nnunet.py", "single", "-i", self.images, "-o", theirs, "-m",
                      model, "-f", 0)
            rows.append(self.closeness(", nnU-Net's sums in single precision", theirs, ours))
        return rows

    def score(self, predictions, model):
        """nnU-Net's mean Dice of the foreground."""
        scores = self.folder / f"{predictions.name}.json"
        self.call(PEER / "nnUNetv2_evaluate_folder", self.labels, predictions, "-djfile", model / "dataset.json", "-pfile",
                  model / "plans.json", "-o", scores, "-np", 1)
        return json.loads(scores.read_text())["foreground_mean"]["Dice"]

    def closeness(self, words, theirs, ours):
        losses = [1 - value for value in agreement(theirs, ours)]
        # Every case has background and both parts of the hippocampus, so there are three labels.
        largest = largest_of(losses) if len(losses) == 3 * len(self.cases) else math.nan
        return Row(f"Hippocampus, 1000 iterations: 1 - Dice between predictions{words}", len(losses), largest,
                   LARGEST_DICE_LOSS, largest <= LARGEST_DICE_LOSS)
