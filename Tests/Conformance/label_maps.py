"""How well the label maps of two folders agree."""
import nibabel
import numpy


def agreement(one, other, forgiven=0):
    """Dice of every label (background included) of every case between the files of the same name in two folders.

    A label that differs in at most `forgiven` voxels of a case counts as equal there.
    """
    names = sorted(path.name for path in one.glob("*.nii.gz"))
    if not names or names != sorted(path.name for path in other.glob("*.nii.gz")):
        raise ValueError(f"{one} has the label maps {names}, but {other} has others")
    values = []
    for name in names:
        first, second = (numpy.asarray(nibabel.load(folder / name).dataobj) for folder in (one, other))
        values += [_dice(first == label, second == label, forgiven) for label in numpy.union1d(first, second)]
    return values


def _dice(one, other, forgiven):
    if numpy.count_nonzero(one != other) <= forgiven:
        return 1.0
    return float(2 * numpy.count_nonzero(one & other) / (numpy.count_nonzero(one) + numpy.count_nonzero(other)))
