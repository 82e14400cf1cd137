"""Whether two samples come from one distribution."""
import math

import numpy as np
from scipy import stats

from rows import Row

# A smaller probability of such a difference by chance alone counts as a difference.
LEVEL = 0.001


def same_distribution(found, expected):
    """p of the two-sample Kolmogorov-Smirnov test; 0 where a sample has a number that is not finite."""
    if not len(found) or not len(expected) or not np.isfinite(found).all():
        return 0.0
    return float(stats.ks_2samp(found, expected, method="asymp").pvalue)


def same_share(found, found_count, expected, expected_count):
    """p that two events that happened so often in so many trials have the same probability (Fisher's exact test)."""
    table = [[found, found_count - found], [expected, expected_count - expected]]
    return float(stats.fisher_exact(table).pvalue)


def same_counts(found, expected):
    """p that two samples of integers come from one distribution (chi-square; rare values are put together)."""
    values, codes = np.unique(np.concatenate([found, expected]), return_inverse=True)
    table = np.array([np.bincount(part, minlength=len(values)) for part in (codes[:len(found)], codes[len(found):])])
    merged, rest = [], np.zeros(2, int)
    for column in table.T:
        rest = rest + column
        if rest.sum() >= 20:
            merged.append(rest)
            rest = np.zeros(2, int)
    if merged and rest.any():
        merged[-1] = merged[-1] + rest
    return 1.0 if len(merged) < 2 else float(stats.chi2_contingency(np.array(merged).T).pvalue)


def row(what, count, probabilities):
    """A row for several tests of one thing; the smallest probability decides."""
    smallest = min(probabilities, default=math.nan)
    return Row(what, count, f"p {smallest:.2g}", f"p > {LEVEL:g}", smallest > LEVEL)
