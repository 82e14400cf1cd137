"""Steps of the optimizer and learning rates, beside PyTorch's SGD with clipping and nnU-Net's schedule."""
import types

import numpy as np
import torch
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

import check_network
from probing import Probe, relative
from rows import Row, largest_of

FEATURES = [16, 32, 32, 48]
STRIDES, KERNELS = [[1, 1, 1]] + 3 * [[2, 2, 2]], 4 * [[3, 3, 3]]


def run(context):
    probe = Probe(context)
    rates = []
    for epochs in (1, 2, 7, 20, 100, 1000) + (() if context.quick else (250, 8000)):
        rates.append(relative(probe.ask("rates", epochs=epochs), expected_rates(epochs)))
    # Norms of the gradients below and above the limit of 12, up to huge ones.
    steps, norms = compare_steps(probe, [1.0, 11.9, 12.1, 500.0, 1e-4, 1e6])
    return [
        Row("learning rates of all epochs", len(rates), largest_of(rates), 1e-6, largest_of(rates) <= 1e-6),
        Row("norm of the gradient", len(norms), largest_of(norms), 1e-6, largest_of(norms) <= 1e-6),
        Row("weights after each of successive steps", len(steps), largest_of(steps), 1e-6, largest_of(steps) <= 1e-6),
    ]


def expected_rates(epochs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1e-2)
    scheduler = PolyLRScheduler(optimizer, 1e-2, epochs)
    found = []
    for epoch in range(epochs):
        scheduler.step(epoch)
        found.append(optimizer.param_groups[0]["lr"])
    return found


def compare_steps(probe, wanted_norms):
    network = check_network.unet(1, 3, FEATURES, STRIDES, KERNELS)
    random = np.random.default_rng(5)
    parameters = dict(network.named_parameters())
    weights = check_network.set_weights(parameters)
    # PyTorch gives no gradient to the head of the lowest decoder level, which has the weight 0.
    is_supervised = np.concatenate([np.full(p.numel(), "seg_layers.0." not in n) for n, p in parameters.items()])
    gradients = []
    for norm in wanted_norms:
        gradient = np.where(is_supervised, random.standard_normal(weights.size), 0)
        gradients.append((gradient * norm / np.linalg.norm(gradient)).astype(np.float32))
    rates = [1e-2, 1e-2, 9e-3, 5e-3, 5e-3, 1e-4]

    network.double()
    parameters = dict(network.named_parameters())
    trainer = types.SimpleNamespace(network=network, initial_lr=1e-2, weight_decay=3e-5, num_epochs=1000)
    optimizer, _ = nnUNetTrainer.configure_optimizers(trainer)
    paths = [probe.path() for _ in gradients]
    answer = probe.ask(
        "optimizer", **check_network.description(1, 3, FEATURES, STRIDES, KERNELS), weights=weights,
        gradients=gradients, rates=rates, results=paths)
    steps, norms = [], []
    for gradient, rate, path, norm in zip(gradients, rates, paths, answer["norms"]):
        start = 0
        for name, parameter in parameters.items():
            part = gradient[start:start + parameter.numel()].reshape(parameter.shape)
            parameter.grad = None if "seg_layers.0." in name else torch.from_numpy(part.astype(np.float64))
            start += parameter.numel()
        norms.append(relative(norm, torch.nn.utils.clip_grad_norm_(parameters.values(), 12).item()))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        steps.append(relative(np.load(path), np.concatenate([p.detach().numpy().ravel() for p in parameters.values()])))
    return steps, norms

