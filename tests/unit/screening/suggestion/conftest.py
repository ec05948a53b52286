"""Pools of made-up compounds."""

from __future__ import annotations

import numpy as np
import pytest

from cetransfer.screening.suggestion.method import Pool


@pytest.fixture
def pool_of():
    """Call with places (n, d) of candidates and of labelled ones, and predictions (M, n)."""

    def made(seen, known, predicted=None):
        seen, known = (np.atleast_2d(np.asarray(each, float)) for each in (seen, known))
        if predicted is None:
            predicted = np.zeros((2, len(seen)))
        return Pool(
            [f"C{i}" for i in range(len(seen))],
            np.asarray(predicted, float),
            "eV/atom",
            seen,
            [f"K{i}" for i in range(len(known))],
            known,
        )

    return made
