"""Is the test honest? How often a verdict claims a gain where there is none, and where one is.

    python benchmarks/calibration.py

Every comparison has a fresh synthetic table of its own, the tool's own splits (repeated K-fold) and
the tool's own test and verdict; only the networks are replaced by learners that fit in a blink.

- halves: two learners see different halves of the features. Both halves tell equally much of the
  label, so neither learner is better, but on the few rows of a table one half looks better in all
  folds at once. The naive paired t mistakes that for a gain.
- seeds: one ensemble of networks with random hidden layers, twice, with other seeds.
- planted: the second learner's half is less noisy, so that its gain is real.

Rows that share elements, and the other protocols, are in `benchmarks/calibration_elements.py`.

"gain" counts verdicts at alpha = 0.05 that the second learner is better. The test is two-sided, so
that an exact one claims a gain in 2.5 % of the comparisons without one.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from cetransfer.evaluation.splits import cross_validation
from cetransfer.evaluation.statistics import corrected_t, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    #: what a seed is made of
    Path = tuple[int, ...]
    #: (features and labels of the training rows, features of the scored rows, seed) -> predictions
    Learner = Callable[
        [NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], Path], NDArray[np.float64]
    ]

ALPHA = 0.05
ROWS, COLUMNS, NOISE = 120, 8, 0.5
MEMBERS = 5


def ridge(
    train: NDArray[np.float64], labels: NDArray[np.float64], test: NDArray[np.float64], _seed: Path
) -> NDArray[np.float64]:
    """Fit a linear model with a small penalty and return its predictions."""
    mean, level = train.mean(axis=0), labels.mean()
    centred = train - mean
    gram = centred.T @ centred + np.eye(train.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (labels - level))
    predicted: NDArray[np.float64] = (test - mean) @ weights + level
    return predicted


def neighbours(
    train: NDArray[np.float64], labels: NDArray[np.float64], test: NDArray[np.float64], _seed: Path
) -> NDArray[np.float64]:
    """Return the mean label of the five nearest training rows."""
    distance = ((test[:, None, :] - train[None, :, :]) ** 2).sum(axis=2)
    nearest = np.argpartition(distance, 5, axis=1)[:, :5]
    mean: NDArray[np.float64] = labels[nearest].mean(axis=1)
    return mean


def support_vectors(
    train: NDArray[np.float64], labels: NDArray[np.float64], test: NDArray[np.float64], _seed: Path
) -> NDArray[np.float64]:
    """Fit a support vector machine and return its predictions."""
    from sklearn.svm import SVR

    predicted: NDArray[np.float64] = SVR(C=3.0, epsilon=0.05).fit(train, labels).predict(test)
    return predicted


def random_networks(
    train: NDArray[np.float64], labels: NDArray[np.float64], test: NDArray[np.float64], seed: Path
) -> NDArray[np.float64]:
    """Return the mean prediction of networks whose hidden layer is drawn and not trained."""
    predicted = np.zeros(len(test))
    for member in range(MEMBERS):
        generator = np.random.default_rng([*seed, member])
        hidden = generator.normal(size=(train.shape[1], 30)) / np.sqrt(train.shape[1])
        bias = generator.normal(size=30)
        predicted += ridge(
            np.tanh(train @ hidden + bias), labels, np.tanh(test @ hidden + bias), ()
        )
    return predicted / MEMBERS


@dataclass(frozen=True)
class Table:
    """One synthetic table: two views of the rows and their labels."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    labels: NDArray[np.float64]


def table(generator: np.random.Generator, *, gain: float = 0.0, same: bool = False) -> Table:
    """Return a fresh table of rows with two halves of features.

    Parameters
    ----------
    generator
        Where it comes from.
    gain
        0: both halves tell equally much of the label; above, the second half's part of the label
        is so much larger and the first one's so much smaller.
    same
        Both views are all features.
    """
    weights = generator.normal(size=COLUMNS)
    first, second = generator.normal(size=(2, ROWS, COLUMNS))
    labels = (1.0 - gain) * signal(first @ weights) + (1.0 + gain) * signal(second @ weights)
    labels = labels + NOISE * generator.normal(size=ROWS)
    both = np.concatenate([first, second], axis=1)
    return Table(both, both, labels) if same else Table(first, second, labels)


def signal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what of a label a sum of features makes: a line with a bend."""
    return values + np.tanh(values)


@dataclass(frozen=True)
class Rates:
    """Shares of comparisons in which a gain was claimed, and the mean relative gain.

    `either` is the share in which the test claimed a gain or a loss.
    """

    corrected: float
    either: float
    naive: float
    relative: float


def rates(
    learner: Learner,
    comparisons: int,
    seed: int,
    *,
    folds: int = 10,
    repeats: int = 5,
    gain: float = 0.0,
    same: bool = False,
) -> Rates:
    """Compare one learner on two views of a fresh table, so many times.

    Parameters
    ----------
    learner
        Fitted on both views, with a seed of its own on each.
    comparisons, seed
        How many, and where the tables come from.
    folds, repeats
        Of the cross-validation.
    gain, same
        Of `table`.
    """
    claimed = {"corrected": 0, "either": 0, "naive": 0}
    relative = []
    for number in range(comparisons):
        drawn = table(np.random.default_rng([seed, number]), gain=gain, same=same)
        scores = np.array(
            [
                [
                    np.abs(
                        learner(
                            view[split.train],
                            drawn.labels[split.train],
                            view[split.test],
                            # as in the tool: the folds of a repeat share their seeds
                            (number, which, split.repeat),
                        )
                        - drawn.labels[split.test]
                    ).mean()
                    for which, view in enumerate((drawn.first, drawn.second))
                ]
                for split in cross_validation(np.arange(ROWS), folds, repeats, number)
            ]
        )
        difference = scores[:, 1] - scores[:, 0]
        delta = float(difference.mean())
        p = corrected_t(difference, 1.0 / (folds - 1)).p
        found = verdict(delta, p, ALPHA)
        claimed["corrected"] += found == "gain"
        claimed["either"] += found != "not_distinguishable"
        naive = float(stats.ttest_1samp(difference, 0.0).pvalue)
        claimed["naive"] += verdict(delta, naive, ALPHA) == "gain"
        relative.append(delta / float(scores[:, 0].mean()))
    return Rates(
        claimed["corrected"] / comparisons,
        claimed["either"] / comparisons,
        claimed["naive"] / comparisons,
        -float(np.mean(relative)),
    )


def main() -> None:
    """Print how often each test claims a gain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comparisons", type=int, default=1000)
    comparisons = parser.parse_args().comparisons
    learners: dict[str, Learner] = {
        "ridge": ridge,
        "neighbours": neighbours,
        "support vectors": support_vectors,
    }
    print(f"{comparisons} comparisons a line, {ROWS} rows, 10-fold; share that claims a gain")
    print(f"{'':34}{'corrected':>10}{'either':>8}{'naive':>8}{'true gain':>11}{'seconds':>9}")
    for repeats in (1, 5):
        for name, learner in learners.items():
            _line(f"halves, {name}", learner, comparisons, repeats)
        _line("seeds, random networks", random_networks, comparisons, repeats, same=True)
        for gain in (0.05, 0.1, 0.2):
            _line(f"planted {gain:g}, ridge", ridge, comparisons, repeats, gain=gain)


def _line(
    name: str,
    learner: Learner,
    comparisons: int,
    repeats: int,
    *,
    gain: float = 0.0,
    same: bool = False,
) -> None:
    began = time.perf_counter()
    found = rates(learner, comparisons, 0, repeats=repeats, gain=gain, same=same)
    times = "once" if repeats == 1 else f"{repeats} times"
    print(
        f"{name + ', ' + times:34}{found.corrected:10.3f}{found.either:8.3f}{found.naive:8.3f}"
        f"{found.relative:10.1%}{time.perf_counter() - began:10.0f}"
    )


if __name__ == "__main__":
    main()
