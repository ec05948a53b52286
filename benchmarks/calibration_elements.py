"""Is the test honest where rows share elements? Held-out elements and pairs, draws and curves.

    python benchmarks/calibration_elements.py

As `benchmarks/calibration.py`, but the rows of every fresh table are compounds of two elements,
and what a learner knows of a compound are the descriptors of its elements: the label is an effect
of the element on A, one of the element on B and one of both, and noise. Compounds with an element
in common so err alike. Each half of the descriptors tells equally much, so neither learner is
better; on the few elements of a table one half looks better wherever these occur.

Splits, judge and verdict are those of the tool's protocols. The naive test is the one that the
words of the protocol suggest: each group's sign is flipped on its own, or a paired t over folds or
draws.
"""

from __future__ import annotations

import argparse
import copy
import time
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from calibration import ALPHA, Rates, neighbours, ridge, signal, support_vectors

from cetransfer.composition import compose_all
from cetransfer.datasets.dataset import ELEMENTS, Dataset
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.sign_flip import sign_flip
from cetransfer.evaluation.statistics import corrected_t, verdict

if TYPE_CHECKING:
    from calibration import Learner
    from numpy.typing import NDArray

    from cetransfer.evaluation.protocol import Layout
    from cetransfer.evaluation.splits import Split
    from cetransfer.settings import Settings

DESCRIPTORS, NOISE, TOGETHER = 3, 0.3, 0.5
GROUPS = 12


def table(
    generator: np.random.Generator, *, elements: int, rows: int, gain: float = 0.0
) -> tuple[Dataset, list[NDArray[np.float64]]]:
    """Return a fresh table of compounds, and two halves of their features.

    Parameters
    ----------
    generator
        Where it comes from.
    elements, rows
        How many elements, and how many of their pairs.
    gain
        0: both halves tell equally much of the label; above, the second half's part of the label
        is so much larger and the first one's so much smaller.
    """
    described = generator.normal(size=(2, elements, DESCRIPTORS))
    on_a, on_b, both = generator.normal(size=(3, DESCRIPTORS))
    pairs = np.argwhere(~np.eye(elements, dtype=bool))
    a, b = generator.permutation(pairs)[:rows].T
    labels = NOISE * generator.normal(size=rows)
    for half, part in zip(described, (1.0 - gain, 1.0 + gain), strict=True):
        together = (half[a] @ both) * (half[b] @ both) / np.sqrt(DESCRIPTORS)
        labels += part * (signal(half[a] @ on_a) + signal(half[b] @ on_b) + TOGETHER * together)
    names = np.array(sorted(ELEMENTS - {"O"}))
    frame = pd.DataFrame({"A": names[a], "B": names[b], "X": "O", "formation_energy": labels})
    frame.insert(0, "formula", frame["A"] + frame["B"] + "O3")
    frame["group"] = generator.permutation(np.arange(rows) % GROUPS).astype(str)
    halves = [np.concatenate([half[a], half[b]], axis=1) for half in described]
    return Dataset("synthetic", frame, "perovskite", {}), halves


@cache
def _composed(words: tuple[str, ...]) -> Settings:
    (settings,) = compose_all("calibration", "config", list(words))
    return settings


def layout(data: Dataset, words: tuple[str, ...], number: int) -> Layout:
    """Return what a protocol makes of a table, its folds and draws those of a number."""
    settings = copy.deepcopy(_composed(words))
    settings.seed = number
    # the draws of a learning curve are numbered on from this one
    settings.dataset.draw = 1000 * number
    return make_protocol(settings).layout(data, settings)


def rates(
    learner: Learner,
    words: tuple[str, ...],
    comparisons: int,
    seed: int,
    *,
    elements: int = 24,
    rows: int = 150,
    gain: float = 0.0,
) -> Rates:
    """Compare one learner on two halves of a fresh table, so many times.

    Parameters
    ----------
    learner
        Fitted on both halves.
    words
        The protocol, as on the command line.
    comparisons, seed
        How many, and where the tables come from.
    elements, rows, gain
        Of `table`.
    """
    claimed = {"corrected": 0, "either": 0, "naive": 0}
    deltas, errors = [], []
    for number in range(comparisons):
        generator = np.random.default_rng([seed, number])
        data, halves = table(generator, elements=elements, rows=rows, gain=gain)
        made = layout(data, words, number)
        splits = [split for split in made.splits if split.part == made.part]
        own, other = (scored(learner, half, data.labels, splits) for half in reversed(halves))
        judge = made.judge_of(made.part)
        pair = judge.pair(own, other)
        delta = float(pair.differences.mean())
        found = verdict(delta, judge.test(pair).p, ALPHA)
        claimed["corrected"] += found == "gain"
        claimed["either"] += found != "not_distinguishable"
        if splits[0].groups:
            naive = sign_flip(by_group(own, other, splits), 0.0, generator).p
        else:
            naive = corrected_t(pair.differences, 0.0).p
        claimed["naive"] += verdict(delta, naive, ALPHA) == "gain"
        deltas.append(delta)
        errors.append(float(other["error"].abs().mean()))
    return Rates(
        claimed["corrected"] / comparisons,
        claimed["either"] / comparisons,
        claimed["naive"] / comparisons,
        -float(np.sum(deltas) / np.sum(errors)),
    )


def scored(
    learner: Learner, half: NDArray[np.float64], labels: NDArray[np.float64], splits: list[Split]
) -> pd.DataFrame:
    """Return the errors of a learner as a judge takes them."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "repeat": split.repeat,
                    "fold": split.fold,
                    "row": split.test + 1,
                    "error": learner(half[split.train], labels[split.train], half[split.test], ())
                    - labels[split.test],
                }
            )
            for split in splits
        ],
        ignore_index=True,
    )


def by_group(own: pd.DataFrame, other: pd.DataFrame, splits: list[Split]) -> NDArray[np.float64]:
    """Return what each group adds to the difference; a row in several counts for the first."""
    names = [names[0] for split in splits for names in split.groups]
    added = own["error"].abs() - other["error"].abs()
    return added.groupby(names).sum().to_numpy(np.float64)


LEARNERS: dict[str, Learner] = {
    "ridge": ridge,
    "neighbours": neighbours,
    "support vectors": support_vectors,
}
KINDS = ("by_a", "by_pair", "by_element", "by_group")
LARGER = {"elements": 40, "rows": 400}
SMALLER = {"elements": 12, "rows": 66}
ALL = "dataset.n_labelled=null"
DRAWN = (
    ("protocol=learning_curve", "protocol.sizes=[50]"),
    ("protocol=learning_curve", "protocol.sizes=[100]"),
    ("protocol=learning_curve", "protocol.sizes=[400]"),
    ("protocol=draws", "dataset.n_labelled=50"),
)


def main() -> None:
    """Print how often each test claims a gain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comparisons", type=int, default=500)
    comparisons = parser.parse_args().comparisons
    print(f"{comparisons} comparisons a line, 150 compounds of 24 elements")
    print(f"{'':52}{'gain':>7}{'either':>8}{'naive':>8}{'true gain':>11}{'seconds':>9}")
    for kind in KINDS:
        words = (f"protocol={kind}", ALL)
        for name, learner in LEARNERS.items():
            _line(f"{kind}, {name}", learner, comparisons, *words)
        _line(f"{kind}, ridge, 5 times", ridge, comparisons, *words, "protocol.repeats=5")
        _line(f"{kind}, ridge, 400 of 40", ridge, comparisons, *words, **LARGER)
        _line(f"{kind}, ridge, 66 of 12", ridge, comparisons, *words, **SMALLER)
        for gain in (0.1, 0.2, 0.3):
            _line(f"{kind}, ridge, planted {gain:g}", ridge, comparisons, *words, gain=gain)
    for words in DRAWN:
        name = " ".join(word.removeprefix("protocol=").removeprefix("protocol.") for word in words)
        for gain in (0.0, 0.2):
            told = f"{name}, ridge" + (f", planted {gain:g}" if gain else "")
            _line(told, ridge, comparisons, *words, **LARGER, gain=gain)
    for name, learner in LEARNERS.items():
        _line(f"kfold, {name}", learner, comparisons, ALL)


def _line(
    name: str,
    learner: Learner,
    comparisons: int,
    *words: str,
    elements: int = 24,
    rows: int = 150,
    gain: float = 0.0,
) -> None:
    began = time.perf_counter()
    found = rates(learner, words, comparisons, 0, elements=elements, rows=rows, gain=gain)
    print(
        f"{name:52}{found.corrected:7.3f}{found.either:8.3f}{found.naive:8.3f}"
        f"{found.relative:10.1%}{time.perf_counter() - began:10.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
