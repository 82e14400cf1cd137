"""Writes exchange.json: small files of torch and safetensors, and the names that nnU-Net's networks give their tensors.

    python make_exchange_fixture.py      (torch 2.13, safetensors 0.8, nnU-Net 2.8.1 with its network classes)

The network of the files has two levels of 1 and 2 features, one channel and two heads. Element j of its parameter i (in
the order of `parameters()`) is ((31 i + 7 j) mod 64 - 32) / 32, exact in every floating-point type; its momentum is twice
that.
"""
import base64
import hashlib
import io
import json
import pathlib

import numpy
import safetensors.torch
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet

CONVOLUTIONS = dict(
    conv_op=torch.nn.Conv3d, conv_bias=True, norm_op=torch.nn.InstanceNorm3d, norm_op_kwargs=dict(eps=1e-5, affine=True),
    nonlin=torch.nn.LeakyReLU, nonlin_kwargs=dict(inplace=True), deep_supervision=True)
LUNG = dict(
    input_channels=1, n_stages=6, features_per_stage=[32, 64, 128, 256, 320, 320], kernel_sizes=[[3, 3, 3]] * 6,
    strides=[[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2]], num_classes=2)
HIPPOCAMPUS = dict(
    input_channels=1, n_stages=4, features_per_stage=[32, 64, 128, 256], kernel_sizes=[[3, 3, 3]] * 4,
    strides=[[1, 1, 1]] + [[2, 2, 2]] * 3, num_classes=3)


def formula(index, shape):
    count = int(numpy.prod(shape))
    return torch.tensor([((31 * index + 7 * j) % 64 - 32) / 32 for j in range(count)]).reshape(shape)


def network():
    net = PlainConvUNet(
        input_channels=1, n_stages=2, features_per_stage=[1, 2], kernel_sizes=[[1, 1, 1], [1, 3, 3]],
        strides=[[1, 1, 1], [1, 2, 2]], n_conv_per_stage=[1, 1], n_conv_per_stage_decoder=[1], num_classes=2,
        **CONVOLUTIONS)
    for index, parameter in enumerate(net.parameters()):
        parameter.data = formula(index, parameter.shape)
    return net


def checkpoint(net):
    """As nnU-Net's trainer saves it: aliases, NumPy's scalars, a device, a log."""
    optimizer = torch.optim.SGD(net.parameters(), 1e-2, weight_decay=3e-5, momentum=0.99, nesterov=True)
    for index, parameter in enumerate(net.parameters()):
        optimizer.state[parameter]["momentum_buffer"] = 2 * formula(index, parameter.shape)
    return {
        "network_weights": net.state_dict(), "optimizer_state": optimizer.state_dict(), "grad_scaler_state": None,
        "logging": {"mean_fg_dice": [numpy.float64(0.25)], "lrs": [0.01],
                    "dice_per_class_or_region": [[numpy.float32(0.5)]]},
        "_best_ema": numpy.float64(0.25), "current_epoch": 3,
        "init_args": {"plans": {"plans_name": "nnUNetPlans", "spacing": [1.0, 0.5], "big": 2**40, "none": None},
                      "configuration": "3d_fullres", "fold": 1, "dataset_json": {"labels": {"background": 0, "ä": 1}},
                      "device": torch.device("cpu")},
        "trainer_name": "nnUNetTrainer_250epochs", "inference_allowed_mirroring_axes": (0, 2)}


def without_momentum_of_heads(whole):
    """As nnU-Net's trainer saves it when it began by itself: the lowest head never had a gradient."""
    names = [name for name, _ in network().named_parameters()]
    optimizer = whole["optimizer_state"]
    state = {index: value for index, value in optimizer["state"].items() if "seg_layers" not in names[index]}
    return {**whole, "optimizer_state": {**optimizer, "state": state}}


def torch_file(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def keys(net):
    """Counts of the state dict, and the SHA-256 of its keys, one per line."""
    names = list(net.state_dict())
    return {"keys": len(names), "tensors": len(list(net.parameters())),
            "sha256": hashlib.sha256("\n".join(names).encode()).hexdigest(),
            "names": [name for name, _ in net.named_parameters()]}


def evil():
    """A pickle that would run a command, were it executed."""
    class Command:
        def __reduce__(self):
            import os
            return os.system, ("touch /tmp/pgps-was-executed",)
    return torch_file({"network_weights": Command()})


def main():
    net = network()
    whole = checkpoint(net)
    parameters = {name: tensor.data for name, tensor in net.named_parameters()}
    strided = {"module." + name: tensor.contiguous(memory_format=torch.channels_last_3d) if tensor.ndim == 5 else tensor
               for name, tensor in parameters.items()}
    types = {"half": torch.float16, "bfloat16": torch.bfloat16, "double": torch.float64, "float": torch.float32}
    fixture = {
        "checkpoint": torch_file(without_momentum_of_heads(whole)),
        "torch": {
            "protocol 4": torch_file(whole, pickle_protocol=4),
            "channels last, with torch's prefix": torch_file({"network_weights": strided}),
            "all types": torch_file({"network_weights": {
                key: tensor.to(list(types.values())[index % 4])
                for index, (key, tensor) in enumerate(parameters.items())}}),
        },
        "safetensors": {
            name: base64.b64encode(safetensors.torch.save(
                {key: tensor.to(type) for key, tensor in parameters.items()}, {"trainer": "cps"})).decode()
            for name, type in types.items()},
        "evil": evil(),
        "keys": {
            "Lung": keys(PlainConvUNet(
                **LUNG, n_conv_per_stage=[2] * 6, n_conv_per_stage_decoder=[2] * 5, **CONVOLUTIONS)),
            "Hippocampus": keys(PlainConvUNet(
                **HIPPOCAMPUS, n_conv_per_stage=[2] * 4, n_conv_per_stage_decoder=[2] * 3, **CONVOLUTIONS)),
            "ResEncM Lung": keys(ResidualEncoderUNet(
                **LUNG, n_blocks_per_stage=[1, 3, 4, 6, 6, 6], n_conv_per_stage_decoder=[1] * 5, **CONVOLUTIONS)),
        },
    }
    # Only the residual encoder's names are not known to the layouts of every version of this program.
    for name in ("Lung", "Hippocampus"):
        del fixture["keys"][name]["names"]
    path = pathlib.Path(__file__).with_name("exchange.json")
    path.write_text(json.dumps(fixture, indent=1) + "\n")
    print(path.stat().st_size, {name: (value["keys"], value["tensors"]) for name, value in fixture["keys"].items()})


if __name__ == "__main__":
    main()
