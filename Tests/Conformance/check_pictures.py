"""Pictures of cases with labels laid over: the slice that nnU-Net chooses, and its colors where both give a label the same
one. nnU-Net's colors belong to ranks among the labels of a slice, so its mapping is given here by label.
"""

import json
import os
import shutil
import subprocess

import numpy as np
import SimpleITK as sitk
from PIL import Image

from rows import Row, larger


def run(context):
    from nnunetv2.utilities.overlay_plots import generate_overlay, select_slice_to_plot2

    generator = np.random.default_rng(5)
    name = "Dataset901_Pictures"
    shutil.rmtree(f"{context.work}/raw", ignore_errors=True)
    folder, pictures = f"{context.work}/raw/{name}", f"{context.work}/pictures"
    for path in (f"{folder}/imagesTr", f"{folder}/labelsTr"):
        os.makedirs(path)
    count = 6 if context.quick else 20
    cases = {}
    for index in range(count):
        shape = generator.integers(4, 20, 3)
        image = generator.normal(100, 40, shape).astype(np.float32)
        labels = np.zeros(shape, np.uint8)
        for label in range(1, 5):
            if index > 0 and generator.random() < 0.8:
                start = [generator.integers(0, extent) for extent in shape]
                labels[tuple(slice(place, place + generator.integers(1, 6)) for place in start)] = label
        cases[f"case_{index:02}"] = image, labels
        for array, path in ((image, f"imagesTr/case_{index:02}_0000"), (labels, f"labelsTr/case_{index:02}")):
            sitk.WriteImage(sitk.GetImageFromArray(array), f"{folder}/{path}.nii.gz")
    description = {
        "channel_names": {"0": "MRI"}, "labels": {"background": 0, **{f"label {value}": value for value in range(1, 5)}},
        "numTraining": count, "file_ending": ".nii.gz"}
    with open(f"{folder}/dataset.json", "w") as file:
        json.dump(description, file)
    subprocess.run(
        [context.pgps, "plot-overlay-pngs", "-d", "901", "-o", pictures, "--use_raw", "-overlay_intensity", "0.4"],
        check=True, capture_output=True, env={**os.environ, "nnUNet_raw": f"{context.work}/raw"})
    largest = 0
    for identifier, (image, labels) in cases.items():
        with np.errstate(all="ignore"):
            place = select_slice_to_plot2(image, labels)
        wanted = generate_overlay(
            image[place], labels[place], mapping={value: value for value in range(5)}, overlay_intensity=0.4)
        found = np.asarray(Image.open(f"{pictures}/{identifier}.png").convert("RGB"))
        if found.shape != wanted.shape:
            return [Row("overlays: size of the pictures", count, f"{found.shape}, not {wanted.shape}", "equal", False)]
        largest = larger(largest, int(np.abs(found.astype(int) - wanted.astype(int)).max()))
    return [Row("overlays: brightness of the pixels, 0 to 255", count, largest, 1, largest <= 1)]
