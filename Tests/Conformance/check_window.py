"""The sliding window beside nnU-Net's: positions, weights of voxels, and the logits of whole images."""
import types
import unittest.mock

import numpy as np
import torch
from acvl_utils.cropping_and_padding.padding import pad_nd_image
from nnunetv2.inference import predict_from_raw_data
from nnunetv2.inference.sliding_window_prediction import compute_gaussian, compute_steps_for_sliding_window

import check_network
from probing import Probe
from rows import Row, larger, largest_of


def run(context):
    probe = Probe(context)
    return position_rows(probe, context) + [logits_row(probe, context)]


def position_rows(probe, context):
    random = np.random.default_rng(6)
    windows = []
    for number in range(300 if context.quick else 3000):
        patch = [int(random.choice((16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 160, 192))) for _ in range(3)]
        shape = [int(random.integers(1, 5 * size)) for size in patch]
        windows.append({"patch": patch, "shape": shape, "step": 0.5 if number % 2 else float(random.uniform(0.1, 1))})
    patches = [[16, 16, 16], [40, 56, 40], [20, 64, 48], [4, 12, 20], [1, 8, 8], [28, 96, 80]]
    maps = [{"patch": patch, "path": probe.path()} for patch in patches]
    found = probe.ask("window", windows=windows, maps=maps)

    wrong = 0
    for window, own in zip(windows, found):
        padded = [max(a, b) for a, b in zip(window["shape"], window["patch"])]
        steps = compute_steps_for_sliding_window(padded, window["patch"], window["step"])
        _, slicer = pad_nd_image(np.broadcast_to(np.uint8(0), window["shape"]), window["patch"], "constant", {}, True)
        wrong += own["starts"] != steps or own["padding"] != [part.start for part in slicer]
    largest = 0.0
    for entry in maps:
        expected = compute_gaussian(tuple(entry["patch"]), 1 / 8, 10, torch.float32, torch.device("cpu")).numpy()
        largest = larger(largest, float((abs(np.load(entry["path"]) - expected) / expected).max()))
    return [
        Row("sliding window: positions and padding", len(windows), f"{wrong} differ", "equal", wrong == 0),
        Row("sliding window: Gaussian map", len(maps), largest, 1e-5, largest <= 1e-5),
    ]


def logits_row(probe, context):
    """Logits of images larger and smaller than the patch, with mirroring, and of ensembles."""
    cases = [  # channels, shape, patch, step, mirrored axes, members
        (1, [20, 40, 30], [16, 16, 16], 0.5, (0, 1, 2), 1), (2, [10, 20, 12], [16, 16, 16], 0.5, (0, 1, 2), 1),
        (1, [24, 9, 33], [8, 16, 16], 0.7, (1,), 2), (1, [17, 33, 20], [16, 16, 16], 0.5, None, 2)]
    differences = [logits_difference(probe, *case) for case in cases[:2 if context.quick else None]]
    return Row("sliding window: logits of whole images", len(differences), largest_of(differences), 1e-3,
               largest_of(differences) <= 1e-3)


def logits_difference(probe, channels, shape, patch, step, axes, member_count):
    features, strides, kernels = [16, 32, 32], [[1, 1, 1]] + 2 * [[2, 2, 2]], 3 * [[3, 3, 3]]
    network = check_network.unet(channels, 3, features, strides, kernels)
    network.decoder.deep_supervision = False
    members, states = [], []
    for number in range(member_count):
        members.append(check_network.set_weights(dict(network.named_parameters()), seed=number))
        states.append({key: value.clone() for key, value in network.state_dict().items()})
    image = np.random.default_rng(13).standard_normal((channels, *shape)).astype(np.float32)
    predictor = predict_from_raw_data.nnUNetPredictor(
        step, True, axes is not None, False, torch.device("cpu"), False, False, False)
    predictor.network = network
    predictor.list_of_parameters = states
    predictor.allowed_mirroring_axes = axes
    predictor.configuration_manager = types.SimpleNamespace(patch_size=patch)
    predictor.label_manager = types.SimpleNamespace(num_segmentation_heads=3)
    # nnU-Net sums logits up in 16 bits. Here it does so in 32, so that rules are compared and not roundings.
    def exact(*values, **names):
        return compute_gaussian(*values, **{**names, "dtype": torch.float32})

    exact.cache_clear = compute_gaussian.cache_clear
    with unittest.mock.patch.object(torch, "half", torch.float32), \
            unittest.mock.patch.object(predict_from_raw_data, "compute_gaussian", exact):
        expected = predictor.predict_logits_from_preprocessed_data(torch.from_numpy(image)).numpy()
    path = probe.path()
    probe.ask("predict", **check_network.description(channels, 3, features, strides, kernels), members=members,
              image=image, patch=patch, step=step, mirrorAxes=list(axes or ()), logits=path)
    return check_network.largest_share(np.load(path), expected)
