"""Writes splits.json: folds and random numbers as scikit-learn and NumPy make them.

Run: python splits.py (needs numpy, scikit-learn).
"Validation fold of each case" is one digit per case, for KFold(5, shuffle=True, random_state=12345) over n cases.
"""
import json
import os

import numpy as np
from sklearn.model_selection import KFold

folds = {}
for n in range(5, 301):
    digits = [""] * n
    for k, (_, validation) in enumerate(KFold(5, shuffle=True, random_state=12345).split(np.arange(n))):
        for i in validation:
            digits[i] = str(k)
    folds[str(n)] = "".join(digits)

choices = []
for seed, n, size in [(1234, 1, 3), (1234, 2, 9), (1234, 7, 20), (1234, 4096, 20), (1234, 3001, 20), (99, 70000, 20)]:
    state = np.random.RandomState(seed)
    first = state.choice(n, size, replace=True)
    second = state.choice(n, min(n, 12), replace=False)
    third = state.randint(0, 10**6, 4)
    choices.append({"seed": seed, "n": n, "size": size, "with": first.tolist(), "without": second.tolist(), "after": third.tolist()})

eighty = []
for fold in (5, 6, 7, 23):
    for n in (2, 10, 33):
        state = np.random.RandomState(12345 + fold)
        eighty.append({"fold": fold, "n": n, "train": state.choice(n, int(n * 0.8), replace=False).tolist()})

with open(os.path.join(os.path.dirname(__file__), "splits.json"), "w") as file:
    json.dump({"validationFold": folds, "choices": choices, "eighty": eighty}, file)
