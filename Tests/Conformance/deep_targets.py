"""Label maps at the resolutions of deep supervision."""
import numpy as np

import nnunet
from rows import Row


def rows(probe, quick):
    random = np.random.default_rng(10)
    wrong, levels_seen = 0, 0
    cases = [([8, 24, 16], [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2]]), ([40, 56, 40], [[1, 1, 1]] + 3 * [[2, 2, 2]]),
             ([4, 36, 18], [[1, 1, 1], [1, 3, 3], [2, 2, 1], [2, 2, 2]]), ([32, 8, 64], [[1, 1, 1]] + 3 * [[2, 1, 4]])]
    for patch, strides in cases[:2 if quick else None]:
        labels = random.integers(0, 5, (2, *patch)).astype(np.int16)
        trainer = nnunet.trainer(nnunet.label_manager({"background": 0, "a": 1}), strides)
        targets = [level[:, 0].numpy() for level in nnunet.targets(trainer, labels)]
        paths = [probe.path() for _ in targets]
        probe.ask("targets", target=labels, sizes=[list(level.shape[1:]) for level in targets], levels=paths)
        wrong += sum(not np.array_equal(np.load(path), level) for path, level in zip(paths, targets))
        levels_seen += len(targets)
    return [Row("targets of deep supervision", levels_seen, f"{wrong} differ", "equal", wrong == 0)]
