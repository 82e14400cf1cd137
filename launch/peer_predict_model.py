"""Makes a model folder that nnU-Net predicts with: the network of a plan, without training.

    peer_predict_model.py PLANS DATASET_JSON CONFIGURATION MODEL [CHECKPOINT]

MODEL is `nnUNet_results/DatasetXXX_Name/nnUNetTrainer__PLANS__CONFIGURATION`; it gets `plans.json`, `dataset.json` and
`fold_0/checkpoint_final.pth`, all mirroring axes allowed. The weights are those of CHECKPOINT, one of ours, where h5py is
installed (it prints `weights: taken over`), and random otherwise (`weights: random`).
"""
import os
import shutil
import sys

import torch
from batchgenerators.utilities.file_and_folder_operations import load_json
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

plans_path, dataset_path, configuration_name, model = sys.argv[1:5]
dataset = load_json(dataset_path)
plans = PlansManager(load_json(plans_path))
configuration = plans.get_configuration(configuration_name)
torch.manual_seed(1)
network = nnUNetTrainer.build_network_architecture(
    plans, configuration, determine_num_input_channels(plans, configuration, dataset),
    plans.get_label_manager(dataset).num_segmentation_heads, enable_deep_supervision=False)
origin = "random"
if len(sys.argv) > 5:
    try:
        import h5py

        with h5py.File(sys.argv[5]) as file:
            weights = {name: torch.from_numpy(values[()]) for name, values in file["weights"].items()}
        # A module that stands in several places has one set of weights, which a checkpoint of ours names once.
        unknown = network.load_state_dict(weights, strict=False).unexpected_keys
        own = {name for name, _ in network.named_parameters()}
        if unknown or own - set(weights):
            sys.exit(f"{sys.argv[5]} is of another network: {sorted(set(unknown) | (own - set(weights)))[:3]} …")
        origin = "taken over"
    except ImportError:
        pass
os.makedirs(f"{model}/fold_0", exist_ok=True)
shutil.copyfile(plans_path, f"{model}/plans.json")
shutil.copyfile(dataset_path, f"{model}/dataset.json")
torch.save(
    {
        "network_weights": network.state_dict(),
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": configuration_name},
        "inference_allowed_mirroring_axes": (0, 1, 2),
    },
    f"{model}/fold_0/checkpoint_final.pth")
print(f"weights: {origin}")
