"""A screening: candidates, criteria, ranking and provenance, put together."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import cetransfer
from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.errors import UserError
from cetransfer.provenance import digest, dvc_hashes, git_commit
from cetransfer.screening.candidates import (
    known_of,
    load_candidates,
    radii_for,
    with_energies,
)
from cetransfer.screening.comparison import compare_lists
from cetransfer.screening.criterion import make_criteria, require_prototype
from cetransfer.screening.energies import (
    from_list,
    from_model,
    from_shared,
    load_fitting,
)
from cetransfer.screening.files import WORTH
from cetransfer.screening.funnel import run_funnel, told
from cetransfer.screening.further import check_name, further_lists
from cetransfer.screening.probability import probabilities
from cetransfer.screening.provenance import provenance_of
from cetransfer.screening.worth.run import ask_known_answers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from cetransfer.models.model import Model
    from cetransfer.models.shared_sites import SharedSites
    from cetransfer.screening.candidates import Candidates, Known
    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.energies import Energies
    from cetransfer.screening.evidence import Evidence
    from cetransfer.screening.funnel import Funnel, Step
    from cetransfer.screening.radii import Radii
    from cetransfer.settings_screening import ScreenSettings

PLACES = ("output_dir", "quiet", "tracking", "compute", "overrides", "shown", "name")
"""Keys that say where, how loudly and under which name, and change no number."""

FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """What is to be screened, all of it checked and nothing worked out yet.

    Parameters
    ----------
    candidates, criteria, model, radii
        What `settings` ask for.
    shared
        The networks of the model, where elements share sites.
    """

    settings: ScreenSettings
    candidates: Candidates
    criteria: Sequence[Criterion]
    model: Model | None
    shared: SharedSites | None
    radii: Radii | None

    @property
    def key(self) -> str:
        """Digest of everything that decides the numbers."""
        configured = dataclasses.asdict(self.settings)
        for name in PLACES:
            del configured[name]
        own = self.candidates.own
        hashes = {} if own is None else own.hashes
        model = None if self.model is None else self.model.id
        # a digest sorts keys, and criteria are applied in the order given
        order = list(self.settings.criteria)
        return digest([configured, order, hashes, self._files(), model, cetransfer.__version__])[
            :16
        ]

    def _files(self) -> dict[str, str]:
        """Return the SHA-256 of the user's own files that keys name, by key."""
        from pathlib import Path

        from cetransfer.files import sha256

        named = {"radii": self.settings.radii, "known": self.settings.known}
        named |= {
            f"criteria.{each.name}": str(getattr(each, "references", "")) for each in self.criteria
        }
        return {
            key: sha256(Path(word)) for key, word in named.items() if word and Path(word).is_file()
        }


@dataclass(frozen=True)
class Screening:
    """What was found.

    Parameters
    ----------
    document
        Content of ``screen.json``.
    candidates
        All of them with every quantity, see the README.
    shortlist
        Those that meet all criteria, the most probable first.
    tables
        Further tables by file name.
    """

    document: dict[str, Any]
    candidates: pd.DataFrame
    shortlist: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def plan_screening(settings: ScreenSettings, root: Path) -> Plan:
    """Check what is asked for, and load candidates and model.

    Raises
    ------
    UserError
        For a space, a criterion or a model that does not exist, or does not fit the others.
    """
    if settings.name is not None:
        check_name("name", settings.name)
    criteria = make_criteria(settings.criteria)
    candidates = load_candidates(settings)
    require_prototype(criteria, candidates.prototype.name)
    model = None
    if settings.model is not None:
        model = load_fitting(settings.model, root, candidates.prototype)
    energy = [each.name for each in criteria if "energy" in each.needs]
    if energy and model is None and not candidates.has_energies:
        raise UserError(
            f"criterion {energy[0]} needs energies; give model=default, or a list with them: "
            "space=list space.columns.energy=NAME"
        )
    unsure = not candidates.has_energies and model is not None and model.calibration is not None
    intervals = [each.name for each in criteria if "upper" in each.needs]
    if intervals and not unsure:
        whose = "those of a list" if candidates.has_energies else "those of this model"
        raise UserError(
            f"criterion {intervals[0]} needs intervals of the energies, and {whose} have none; "
            "leave it out, or give a model with intervals"
        )
    shared = None
    if model is not None and candidates.mixed:
        from cetransfer.models.shared_sites import shared_sites

        shared = shared_sites(model)
    radii = radii_for(criteria, candidates.prototype, settings)
    return Plan(settings, candidates, criteria, model, shared, radii)


def screen(plan: Plan, root: Path) -> Screening:
    """Screen candidates.

    Raises
    ------
    UserError
        Where a radius is missing, a file cannot be read, or a criterion leaves nothing.
    """
    settings, criteria, candidates = plan.settings, plan.criteria, plan.candidates
    frame = candidates.frame
    known = known_of(candidates, criteria, settings, plan.radii, root)
    by_model = None
    if plan.model is not None and plan.shared is not None:
        by_model = from_shared(plan.shared, plan.model.about, known.sites)
    elif plan.model is not None:
        by_model = from_model(plan.model, frame)
    by_list = from_list(candidates.own) if candidates.has_energies and candidates.own else None
    energies = by_list or by_model
    evidence = with_energies(known.evidence, energies)
    funnel = run_funnel(criteria, evidence, len(frame))
    table = judged(frame, criteria, known, energies, evidence, funnel)
    about = None if by_model is None else by_model.about
    provenance = provenance_of(frame, candidates.prototype, settings, about, root)
    table["rank"] = ranks(table)
    table = table.assign(model=None if about is None else str(about["id"]), **provenance.columns)
    tables: dict[str, pd.DataFrame] = {}
    counts = {
        "candidates": len(table),
        "shortlist": int(funnel.passing.sum()),
        "expected": float(table["probability"][funnel.passing].sum()),
    }
    document = document_of(plan, energies, funnel.steps, counts, root)
    if by_list is not None and by_model is not None:
        second = with_energies(known.evidence, by_model)
        table, told_of_both, tables["comparison.csv"] = compare_lists(
            criteria, table, funnel, second, by_model
        )
        document["comparison"] = told_of_both
    if not candidates.mixed:
        worth = ask_known_answers(
            table,
            funnel.passing,
            criteria,
            candidates.prototype,
            plan.model,
            root,
            held_out=settings.held_out,
        )
        if worth is not None:
            document["worth"], tables[WORTH] = worth.document, worth.table
    more, lists = further_lists(settings, criteria, evidence, table)
    document["further"] = more
    tables |= lists
    hashes = {**known.hashes, **provenance.hashes}
    hashes |= {file: value for each in more.values() for file, value in each["hashes"].items()}
    if candidates.own is not None:
        hashes |= candidates.own.hashes
    document["data_hashes"] = dict(sorted(hashes.items())) | dvc_hashes(root)
    everything = np.ones(len(frame), bool)
    document["provenance"] = {
        "candidates": provenance.counts(everything),
        "shortlist": provenance.counts(funnel.passing),
    }
    document["notes"] = provenance.notes
    document["limits"] = [
        *known.limits,
        *(energies.limits if energies else ()),
        *(by_model.limits if by_list and by_model else ()),
    ]
    shortlist = table[funnel.passing].sort_values("rank", ignore_index=True)
    return Screening(document, table, shortlist, tables)


def judged(
    frame: pd.DataFrame,
    criteria: Sequence[Criterion],
    known: Known,
    energies: Energies | None,
    evidence: Evidence,
    funnel: Funnel,
) -> pd.DataFrame:
    """Return candidates with all that is known of them and what the funnel makes of each."""
    chance = probabilities(criteria, evidence, funnel.quantities)
    quantities = {each.column: funnel.quantities[each.name] for each in criteria}
    columns = {**known.columns, **(dict(energies.table) if energies else {}), **quantities}
    # a column of truth values stays one
    table = frame.assign(**{**columns, "charge_balanced": known.columns["charge_balanced"]})
    return table.assign(dropped_by=funnel.dropped_by, probability=chance)


def best_first(table: pd.DataFrame) -> np.ndarray:
    """Return the places (n,) of judged candidates in the order of their worth.

    By probability, then whether they pass, then energy, then formula; index 0, 1, 2, ...
    """
    energy = table.get(FORMATION_ENERGY, 0.0)
    keyed = table[["formula", "probability"]].assign(energy=energy, out=table["dropped_by"] != "")
    return keyed.sort_values(
        ["probability", "out", "energy", "formula"], ascending=[False, True, True, True]
    ).index.to_numpy()


def ranks(table: pd.DataFrame) -> np.ndarray:
    """Rank all candidates (n,) from 1, see `best_first`."""
    found = np.empty(len(table), np.int64)
    found[best_first(table)] = np.arange(1, len(table) + 1)
    return found


def document_of(
    plan: Plan,
    energies: Energies | None,
    steps: Sequence[Step],
    counts: dict[str, Any],
    root: Path,
) -> dict[str, Any]:
    """Return what `screen.json` says, but for what further lists and files add."""
    settings = plan.settings
    configured = dataclasses.asdict(settings)
    words = configured.pop("overrides")
    commit, dirty = git_commit(root)
    about = None if plan.model is None else plan.model.about
    return {
        "format": FORMAT,
        "key": plan.key,
        "command": shlex.join(["cetransfer", "screen", *words]),
        "name": settings.name or settings.space.name,
        "config": configured,
        "seed": None if about is None else about["seed"],
        "commit": commit,
        "dirty": dirty,
        "model": None
        if about is None
        else {
            "id": about["id"],
            "strategy": about["strategy"]["name"],
            "dataset": about["dataset"],
            "asked": settings.model,
        },
        "energies": None
        if energies is None
        else {"origin": energies.origin, "words": energies.words},
        "space": {"name": settings.space.name, "prototype": plan.candidates.prototype.name},
        "radii": None
        if plan.radii is None
        else {"name": settings.radii, "words": plan.radii.words},
        "funnel": told(steps),
        "counts": counts,
    }
