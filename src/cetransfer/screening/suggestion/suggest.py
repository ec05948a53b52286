"""Suggestions: which unlabelled compounds of a space to label next, and why."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import cetransfer
from cetransfer.errors import UserError
from cetransfer.models.applicability import ELEMENT_NEW, OUT_OF_RANGE
from cetransfer.models.compounds import featurized
from cetransfer.models.inputs import asked_for
from cetransfer.provenance import digest, dvc_hashes, git_commit, package_versions
from cetransfer.screening.energies import load_fitting
from cetransfer.screening.own_list import read_list
from cetransfer.screening.spaces import LIST, make_space, prototype_for
from cetransfer.screening.suggestion.labelled import COLUMNS, labelled_compounds
from cetransfer.screening.suggestion.method import Pool, make_method
from cetransfer.screening.suggestion.places import places_of
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.models.model import Model
    from cetransfer.screening.suggestion.labelled import Labelled
    from cetransfer.settings_screening import SpaceSettings
    from cetransfer.settings_suggest import SuggestSettings

PLACES = ("output_dir", "quiet", "tracking", "overrides", "shown")
"""Keys that say where and how loudly, and change no number."""

LARGEST = 20_000
"""Candidates of a suggestion; each is compared with all others."""

LIMITS = (
    "all suggestions are meant to be labelled together; then train again and ask anew",
    "what a method saved in a simulation (suggest simulate) it need not save on other compounds",
)

WORDS = {
    ELEMENT_NEW: "an element that no labelled compound has on that site",
    OUT_OF_RANGE: "beyond the features of the labelled compounds",
}


@dataclass(frozen=True)
class Plan:
    """What is asked for, checked, with nothing worked out yet.

    Parameters
    ----------
    settings, model, labelled
        What is asked for, of which model, and what has a label.
    free
        Candidates without one: ``formula``, A, B, X.
    candidates
        How many the space has.
    hashes
        SHA-256 of all files read.
    """

    settings: SuggestSettings
    model: Model
    labelled: Labelled
    free: pd.DataFrame
    candidates: int
    hashes: dict[str, str]

    @property
    def key(self) -> str:
        """Digest of everything that decides the suggestions."""
        configured = dataclasses.asdict(self.settings)
        for name in (*PLACES, "model"):
            del configured[name]
        parts = [configured, self.hashes, self.model.id, cetransfer.__version__]
        return digest(parts)[:16]


@dataclass(frozen=True)
class Suggestion:
    """What was found: `suggest.json` and `suggestions.csv`."""

    document: dict[str, Any]
    table: pd.DataFrame


def plan_suggestion(settings: SuggestSettings, root: Path) -> Plan:
    """Load model and candidates, and leave out what has a label.

    Raises
    ------
    UserError
        For a method or model that does not exist, a model that does not fit the space, or a space
        with fewer unlabelled compounds than are asked for.
    """
    make_method(settings.method)
    if settings.n < 1:
        raise UserError(f"n={settings.n} is too small; give 1 or more")
    candidates, hashes = _candidates(settings.space)
    if {"A2", "B2"} & {*candidates.columns}:
        raise UserError(
            f"in space {settings.space.name} several elements share one site, and a suggestion "
            "asks for compounds with one on each; give space=abo3 or spinel"
        )
    model = load_fitting(settings.model, root, prototype_for(settings.space))
    labelled = labelled_compounds(model, settings.labelled, root)
    free = candidates[~np.array(labelled.holds(candidates))][COLUMNS].reset_index(drop=True)
    if settings.n > len(free):
        raise UserError(
            f"n={settings.n}: of the {len(candidates)} compounds of space {settings.space.name}, "
            f"{len(free)} have no label yet; give n={max(len(free), 1)} or less, or a larger space"
        )
    return Plan(settings, model, labelled, free, len(candidates), {**hashes, **labelled.hashes})


def _candidates(space: SpaceSettings) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the compounds of a space, and the SHA-256 of the user's own file."""
    if space.name == LIST:
        own = read_list(space)
        return own.frame, own.hashes
    made = make_space(space)
    if len(made) > LARGEST:
        raise UserError(
            f"space {space.name} has {len(made)} compounds, more than can be weighed against each "
            f"other ({LARGEST}); give fewer elements, space.elements=[...]"
        )
    return made.candidates(), {}


def suggest(plan: Plan, root: Path) -> Suggestion:
    """Predict the candidates and choose among them."""
    settings, model, labelled = plan.settings, plan.model, plan.labelled
    together = pd.concat([plan.free, labelled.frame[COLUMNS]], ignore_index=True)
    compounds = featurized(asked_for(together, model.kind, model.id), model.kind)
    predicted = model.of_members(compounds)
    value, lower, upper = model.estimate(compounds)
    places = places_of(compounds)
    count = len(plan.free)
    pool = Pool(
        names=plan.free["formula"].tolist(),
        predicted=predicted[:, :count],
        unit=str(model.about["unit"]),
        places=places[:count],
        known_names=labelled.frame["formula"].tolist(),
        known_places=places[count:],
    )
    method = make_method(settings.method)
    picks = method.choose(pool, settings.n, generator(settings.seed, Purpose.SUGGESTION))
    rows = [pick.row for pick in picks]
    where = model.known.applicability(compounds)[rows]
    table = pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            **{name: plan.free[name].to_numpy()[rows] for name in ("formula", "A", "B")},
            "prediction": value[rows],
            "lower": lower[rows],
            "upper": upper[rows],
            "spread": pool.spread[rows],
            "why": [
                f"{pick.why}; {WORDS[word]}" if word in WORDS else pick.why
                for pick, word in zip(picks, where, strict=True)
            ],
            "applicability": where,
        }
    )
    return Suggestion(_document(plan, method.words, root), table)


def _document(plan: Plan, words: str, root: Path) -> dict[str, Any]:
    settings, about = plan.settings, plan.model.about
    configured = dataclasses.asdict(settings)
    given = configured.pop("overrides")
    commit, dirty = git_commit(root)
    return {
        "command": shlex.join(["cetransfer", "suggest", *given]),
        "key": plan.key,
        "space": settings.space.name,
        "method": settings.method,
        "method_words": words,
        "model": {
            "id": plan.model.id,
            "asked": settings.model,
            "strategy": about["strategy"]["name"],
            "dataset": about["dataset"],
        },
        "quantity": plan.model.quantity,
        "unit": about["unit"],
        "counts": {
            "candidates": plan.candidates,
            "labelled": plan.candidates - len(plan.free),
            "suggested": settings.n,
        },
        "notes": plan.labelled.notes,
        "limits": list(LIMITS),
        "seed": settings.seed,
        "commit": commit,
        "dirty": dirty,
        "data_hashes": {**plan.hashes, **dvc_hashes(root)},
        "packages": package_versions(),
        "config": configured,
    }
