"""A probability of being stable that holds: learnt from known answers, told of other elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 10

FEWEST = 2
"""Groups without which none can be held out."""


def calibrated(
    score: NDArray[np.float64],
    truth: NDArray[np.bool_],
    known: NDArray[np.bool_],
    groups: NDArray[np.str_],
) -> NDArray[np.float64]:
    """Return a probability (n,) of yes for a score, after Platt; NaN where there is no score.

    A logistic curve of the score (Platt, Advances in Large Margin Classifiers, 61 (1999)) is fitted
    to compounds with a known answer. That of a compound is taken from the curve of those of other
    groups only, so that no answer has gone into its own probability.

    Parameters
    ----------
    score
        (n,), NaN where there is none.
    truth
        (n,) the answer, where it is known.
    known
        (n,) where it is.
    groups
        (n,) what is held out together, the element on A.
    """
    from sklearn.model_selection import GroupKFold

    found = np.full(len(score), np.nan)
    scored = ~np.isnan(score)
    usable = np.flatnonzero(scored & known)
    names = np.unique(groups[usable])
    if len(names) < FEWEST:
        return found
    splits = GroupKFold(n_splits=min(FOLDS, len(names))).split(usable, groups=groups[usable])
    # the last one for groups of which nothing is known
    for rows in (*(usable[fitted] for fitted, _ in splits), usable):
        held = scored & ~np.isin(groups, groups[rows])
        found[held] = _curve(score[rows], truth[rows], score[held])
    return found


def _curve(
    score: NDArray[np.float64], truth: NDArray[np.bool_], asked: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit a logistic curve and return its values; NaN where all answers are the same."""
    from sklearn.linear_model import LogisticRegression

    if not len(asked) or truth.all() or not truth.any():
        return np.full(len(asked), np.nan)
    middle, spread = score.mean(), score.std() or 1.0
    # hardly regularised: a penalty would pull all probabilities to the middle
    model = LogisticRegression(C=1e6).fit(((score - middle) / spread)[:, None], truth)
    chances: NDArray[np.float64] = model.predict_proba(((asked - middle) / spread)[:, None])[:, 1]
    return chances
