"""Asks conformance-probe and measures distances."""
import json
import subprocess

import numpy as np


class Probe:
    """conformance-probe, with the arrays of requests and answers as files in the check's folder."""

    def __init__(self, context):
        self._program = context.probe
        self._folder = context.work
        self._number = 0

    def ask(self, question, **request):
        """The answer to a question; arrays of the request are written to files, which it names."""
        request = {key: self._written(value) for key, value in request.items()}
        path = self._folder / "request.json"
        path.write_text(json.dumps(request))
        done = subprocess.run([self._program, question, path], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"conformance-probe {question}: {done.stderr.strip() or done.returncode}")
        return json.loads(done.stdout)

    def path(self):
        """A new path of an array that an answer shall have."""
        self._number += 1
        return str(self._folder / f"array{self._number}.npy")

    def _written(self, value):
        if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            return [self._written(array) for array in value]
        if not isinstance(value, np.ndarray):
            return value
        path = self.path()
        np.save(path, np.ascontiguousarray(value))
        return path


def relative(found, expected):
    """How far two arrays (or numbers) are apart, as a share of the expected one's norm."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    distance, norm = np.linalg.norm(found - expected), np.linalg.norm(expected)
    return float(distance / norm) if norm > 0 else float(distance)
