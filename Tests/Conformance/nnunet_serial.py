"""nnU-Net's functions without its pools of processes: the same work, one case after the other."""
import contextlib
import io
import sys
import types


class SerialPool:
    """What nnU-Net asks of `multiprocessing.Pool`."""

    def __init__(self, *_, **__):
        self._pool = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def starmap(self, function, arguments):
        return [function(*one) for one in arguments]

    def starmap_async(self, function, arguments):
        results = self.starmap(function, arguments)
        return types.SimpleNamespace(get=lambda: results, ready=lambda: True)


def use():
    """Replaces the pools in every module of nnU-Net that raw data passes through."""
    import nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor as fingerprint
    import nnunetv2.experiment_planning.verify_dataset_integrity as integrity
    import nnunetv2.utilities.utils as utils

    serial = types.SimpleNamespace(get_context=lambda _: types.SimpleNamespace(Pool=SerialPool))
    fingerprint.multiprocessing = integrity.multiprocessing = serial
    utils.Pool = SerialPool


@contextlib.contextmanager
def captured():
    """Collects what nnU-Net prints, on standard error too."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        yield text


def fail(error):
    sys.exit(f"{type(error).__name__}: {error}")
