"""Screening a space that no table holds: part by part, each kept as soon as it is judged.

A part is a parquet file with its candidates and, in its metadata, what the funnel made of them. It
is there whole or not at all, so that a screening that was killed goes on with the parts that are
missing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.compute.parts import in_parts
from cetransfer.errors import UserError
from cetransfer.files import write_aside
from cetransfer.progress import say
from cetransfer.screening.funnel import Step, emptied
from cetransfer.screening.judge import Judge, told_of
from cetransfer.screening.screen import Screening, best_first, document_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from cetransfer.screening.judge import Told
    from cetransfer.screening.screen import Plan

ROWS = 100_000
"""Candidates in a part, about: 5 seconds of a core."""


def require_parts(plan: Plan) -> None:
    """Refuse what a space that is screened in parts cannot have.

    Raises
    ------
    UserError
        Naming it.
    """
    for criterion in plan.criteria:
        if "hull_energy" in criterion.needs:
            raise UserError(
                f"criterion {criterion.name} is not worked out for {len(plan.candidates)} "
                "candidates; leave it out, and give it to the shortlist: space=list "
                "space.path=outputs/screen/.../shortlist.csv"
            )
    if plan.settings.further or plan.settings.known:
        key = "further" if plan.settings.further else "known"
        raise UserError(f"{key} has no meaning for {len(plan.candidates)} candidates; leave it out")


def screen_in_parts(plan: Plan, folder: Path, root: Path) -> Screening:
    """Judge all parts that are not in `folder` yet and return what all of them come to.

    Parameters
    ----------
    plan
        As `require_parts` takes it.
    folder
        Of the files of parts.
    root
        The project's folder.

    Returns
    -------
    Screening
        Its table of candidates is the most probable ones that pass, `plan.settings.best` of them:
        all candidates lie in `folder`.

    Raises
    ------
    UserError
        If a criterion leaves nothing of all candidates, or a file cannot be written.
    """
    space = plan.candidates.space
    if space is None:
        raise ValueError("only a space has parts")
    ways = space.count("B")
    size = ways * max(1, ROWS // ways)
    starts = range(0, len(space), size)
    files = [folder / f"part-{number:05d}.parquet" for number in range(len(starts))]
    missing = [number for number, path in enumerate(files) if told_of(path, plan.key) is None]
    if len(missing) < len(files):
        say(f"going on: {len(files) - len(missing)} of {len(files)} parts are there already")
    about = None if plan.model is None else plan.model.about
    judge = Judge(plan.key, plan.settings, space, plan.radii, plan.shared, about)

    def keep(place: int, table: pa.Table) -> None:
        import pyarrow.parquet as pq

        with write_aside(files[missing[place]]) as aside:
            pq.write_table(table, aside, compression="zstd")

    in_parts(
        judge.part,
        ((starts[number], min(starts[number] + size, len(space))) for number in missing),
        keep,
        len(missing),
        f"screening {len(space)} candidates",
    )
    told = [told_of(path, plan.key) for path in files]
    found = [each for each in told if each is not None]
    steps = _steps(plan, found)
    shortlist = _shortlist(files, plan.settings.best)
    return _screening(plan, found, steps, shortlist, root)


def _screening(
    plan: Plan, found: Sequence[Told], steps: Sequence[Step], shortlist: pd.DataFrame, root: Path
) -> Screening:
    from cetransfer.provenance import dvc_hashes
    from cetransfer.screening.energies import Energies, limits_of_shared, words_of
    from cetransfer.screening.provenance import NOT_FOUND

    energies = None
    if plan.model is not None:
        about = plan.model.about
        energies = Energies(shortlist, words_of(about), about, limits_of_shared(about))
    counts = {
        "candidates": len(plan.candidates),
        "shortlist": steps[-1].after,
        "expected": math.fsum(each.expected for each in found),
    }
    document = document_of(plan, energies, steps, counts, root)
    hashes = {} if plan.radii is None else plan.radii.hashes
    # elements that share a site stand in no table of those with one on each
    document |= {
        "further": {},
        "data_hashes": dict(sorted(hashes.items())) | dvc_hashes(root),
        "provenance": {name: {NOT_FOUND: counts[name]} for name in ("candidates", "shortlist")},
        "notes": [f"shortlist.csv holds the {len(shortlist)} most probable of those that pass"],
        "limits": [
            *dict.fromkeys(line for each in found for line in each.limits),
            *(energies.limits if energies else ()),
        ],
    }
    shortlist["provenance"] = NOT_FOUND
    return Screening(document, shortlist, shortlist)


def _steps(plan: Plan, found: Sequence[Told]) -> list[Step]:
    """Add up what the funnel made of all parts."""
    steps: list[Step] = []
    for place, criterion in enumerate(plan.criteria):
        before = sum(each.steps[place][0] for each in found)
        after = sum(each.steps[place][1] for each in found)
        values = [each.nearest[place] for each in found if each.nearest[place] is not None]
        nearest = np.array(values, np.float64)
        if not after:
            raise UserError(emptied(criterion, before, nearest, steps))
        steps.append(Step(criterion, before, after, criterion.limits.nearest(nearest)))
    return steps


def _shortlist(files: Sequence[Path], most: int) -> pd.DataFrame:
    """Return the most probable candidates that pass, the first one first."""
    import pandas as pd

    best: pd.DataFrame | None = None
    for path in files:
        passing = pd.read_parquet(path, filters=[("dropped_by", "==", "")])
        both = passing if best is None else pd.concat([best, passing], ignore_index=True)
        best = both.loc[best_first(both)[:most]].reset_index(drop=True)
    if best is None:
        raise ValueError("a space has at least one part")
    return best.assign(rank=np.arange(1, len(best) + 1))
