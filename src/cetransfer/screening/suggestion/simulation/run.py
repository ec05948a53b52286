"""A whole simulation, and what its document says."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cetransfer
from cetransfer.evaluation.case import notes
from cetransfer.evaluation.splits import labelled_rows
from cetransfer.features.domain import hashes_of
from cetransfer.provenance import array_digest, digest, dvc_hashes, git_commit, package_versions
from cetransfer.screening.suggestion.method import kinds
from cetransfer.screening.suggestion.simulation.rounds import methods_of, run_rounds
from cetransfer.screening.suggestion.simulation.saved import labels_saved
from cetransfer.seeding import Purpose, generator
from cetransfer.settings import PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from cetransfer.features.domain import Domain
    from cetransfer.screening.suggestion.simulation.learner import Learner
    from cetransfer.screening.suggestion.simulation.saved import Saved
    from cetransfer.settings_suggest import SimulationSettings

BOOTSTRAP = 3
"""First number of the path of the intervals' random numbers, after those of `arm`."""


@dataclass(frozen=True)
class Simulation:
    """What was found: `simulation.json`, `simulation.csv`."""

    document: dict[str, Any]
    table: pd.DataFrame


def simulation_key(settings: SimulationSettings, sources: Sequence[Domain], target: Domain) -> str:
    """Return a digest of everything that decides the numbers of a simulation."""
    configured = dataclasses.asdict(settings)
    for key in (*PLACES, "overrides"):
        del configured[key]
    arrays = [array_digest(each.features, each.labels) for each in (*sources, target)]
    return digest([configured, arrays, cetransfer.__version__])[:16]


def simulate(settings: SimulationSettings, learner: Learner, root: Path, kept: Path) -> Simulation:
    """Run a simulation, or go on with it.

    Parameters
    ----------
    settings, learner
        What is simulated.
    root
        The project's folder.
    kept
        Folder of finished rounds.

    Raises
    ------
    UserError
        As `run_rounds`.
    """
    target = learner.target.data
    taking_part = labelled_rows(
        len(target.frame), settings.dataset.n_labelled, settings.dataset.draw
    )
    table = run_rounds(learner, settings, taking_part, kept)
    saved = labels_saved(table, generator(settings.seed, Purpose.SIMULATION, BOOTSTRAP))
    used = settings.first + settings.rounds * settings.n
    last = [each for each in saved if each.labels == used]
    commit, dirty = git_commit(root)
    configured = dataclasses.asdict(settings)
    words = configured.pop("overrides")
    document = {
        "command": shlex.join(["cetransfer", "suggest", "simulate", *words]),
        "key": simulation_key(settings, learner.sources, learner.target),
        "dataset": settings.dataset.name,
        "target": target.name,
        "quantity": target.quantity,
        "unit": target.unit,
        "strategy": learner.strategy.name,
        "source_nets": learner.nets.key,
        "methods": {name: kinds()[name].words for name in methods_of(settings)},
        "rows": {"all": len(taking_part), "test": settings.test},
        "verdict": verdict(last, settings, target.unit),
        "best": best(last),
        "labels_saved": [each.told() for each in last],
        "curves": [each.told() for each in saved],
        "notes": notes(learner.sources, learner.target),
        "limits": limits(settings, last),
        "seed": settings.seed,
        "commit": commit,
        "dirty": dirty,
        "data_hashes": {**hashes_of(*learner.sources, learner.target), **dvc_hashes(root)},
        "packages": package_versions(),
        "config": configured,
    }
    return Simulation(document, table)


def best(last: Sequence[Saved]) -> str | None:
    """Return the method with the lowest error at the end; None where there is only chance."""
    return min(last, key=lambda each: each.mae).method if last else None


def verdict(last: Sequence[Saved], settings: SimulationSettings, unit: str) -> str:
    """Say in a sentence what the best method saves, or that none saves anything."""
    if not last:
        return "Only random choice was simulated, so there is nothing to compare."
    first = min(last, key=lambda each: each.mae)
    alpha = settings.protocol.alpha
    numbers = (
        f"{first.mae:.4f} against {first.mae_random:.4f} {unit} with {first.labels} labels each "
        f"(95 % of the difference: {first.delta_low:+.4f} to {first.delta_high:+.4f}, corrected "
        f"p = {first.p_corrected:.4f})"
    )
    if first.p_corrected >= alpha:
        return (
            f"No method is distinguishable from random choice; the best, {first.method}: {numbers}."
        )
    if first.delta > 0:
        return f"Every method is worse than random choice; the best, {first.method}: {numbers}."
    return (
        f"{first.method} saves {_count(first.saved, first)} labels: random choice needs "
        f"{_count(first.random_labels, first)} (95 %: {first.random_low:.0f} to "
        f"{first.random_high:.0f}) for the error it reaches with {first.labels}, {numbers}."
    )


def _count(number: float, of: Saved) -> str:
    return f"{'more than ' if of.at_least else ''}{number:.0f}"


def limits(settings: SimulationSettings, last: Sequence[Saved]) -> list[str]:
    """Return what the numbers do not say."""
    shared = (
        f"the {settings.seeds} beginnings share the rows that measure the error, the pool and the "
        "source nets; the intervals speak of other first labels and seeds, not of other compounds"
    )
    alike = (
        "compounds are chosen from rows like those that measure the error; nothing was simulated "
        "for elements that the data lack"
    )
    found = [shared, alike]
    far = [each.method for each in last if each.at_least]
    if far:
        most = settings.first + settings.n * (settings.rounds + settings.further)
        found.append(
            f"random choice did not reach the error of {', '.join(far)} with {most} labels, so the "
            "labels saved are at least those given; more further rounds would tell"
        )
    return found
