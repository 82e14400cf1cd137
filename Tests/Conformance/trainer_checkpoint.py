"""Lets nnU-Net's trainer load an exported checkpoint, take one optimizer step, and save a checkpoint of its own.

    python trainer_checkpoint.py MODEL_FOLDER OUTPUT_FOLDER

Writes OUTPUT_FOLDER/fold_0/checkpoint_final.pth, and report.json: the largest difference between the file's tensors and
those that the trainer has after loading.
"""
import json
import pathlib
import sys

import numpy
import torch
from nnunetv2.training.nnUNetTrainer import nnUNetTrainer as module

from rows import largest_of


def main():
    torch.set_num_threads(1)
    torch.manual_seed(3)
    model, output = (pathlib.Path(word) for word in sys.argv[1:])
    source = model / "fold_0" / "checkpoint_final.pth"
    # The restricted loader suffices for what pgps writes.
    checkpoint = torch.load(source, weights_only=True)
    arguments = checkpoint["init_args"]
    # The trainer asks for the preprocessed cases, which are not needed to load and save.
    module.infer_dataset_class = lambda folder: None
    trainer = module.nnUNetTrainer(
        plans=dict(arguments["plans"], continue_training=False), configuration=arguments["configuration"],
        fold=arguments["fold"], dataset_json=arguments["dataset_json"], device=torch.device("cpu"))
    trainer.initialize()
    trainer.load_checkpoint(str(source))
    report = compare(trainer, checkpoint)

    network, optimizer = trainer.network, trainer.optimizer
    patch = trainer.configuration_manager.patch_size
    # As in a training from its beginning: the loss of the lowest output weighs nothing (DeepSupervisionWrapper), so that
    # its head never gets a momentum.
    optimizer.state.clear()
    outputs = network(torch.randn(1, trainer.num_input_channels, *patch))
    loss = sum(output.square().mean() for output in outputs[:-1])
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1e-3)
    optimizer.step()
    assert len(optimizer.state) == len(list(network.parameters())) - 2, "weight and bias of one head have no momentum"
    # What an epoch leaves in the log: NumPy's scalars, which the file then holds.
    trainer.logger.log("mean_fg_dice", numpy.float64(0.5), trainer.current_epoch)
    trainer._best_ema = numpy.float32(0.5)
    trainer.inference_allowed_mirroring_axes = (0, 1, 2)
    (output / "fold_0").mkdir(parents=True)
    trainer.save_checkpoint(str(output / "fold_0" / "checkpoint_final.pth"))
    (output / "report.json").write_text(json.dumps(report))


def compare(trainer, checkpoint):
    pairs = [(value, checkpoint["network_weights"][key]) for key, value in trainer.network.state_dict().items()]
    state = trainer.optimizer.state_dict()["state"]
    pairs += [(state[index]["momentum_buffer"], value["momentum_buffer"])
              for index, value in checkpoint["optimizer_state"]["state"].items()]
    largest = largest_of(float((one - other).abs().max()) for one, other in pairs)
    epochs = abs(trainer.current_epoch - checkpoint["current_epoch"])
    return {"tensors": len(pairs), "largest": largest + epochs}


if __name__ == "__main__":
    main()
