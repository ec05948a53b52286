"""Judging a part of a space: what a worker does, wherever it works, with all that it needs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.screening.candidates import Candidates, known_of, with_energies
from cetransfer.screening.criterion import make_criteria
from cetransfer.screening.energies import from_shared
from cetransfer.screening.funnel import run_funnel
from cetransfer.screening.screen import judged

if TYPE_CHECKING:
    import pyarrow as pa

    from cetransfer.models.shared_sites import SharedSites
    from cetransfer.screening.radii import Radii
    from cetransfer.screening.spaces import Space
    from cetransfer.settings_screening import ScreenSettings

METADATA = b"cetransfer"
"""Under it a part's parquet file has `Told`."""


@dataclass(frozen=True)
class Told:
    """What a funnel made of a part.

    Parameters
    ----------
    key
        Of the screening.
    steps
        For each criterion, how many candidates came to it and how many passed.
    nearest
        For each criterion, the value nearest to its limits of those that came to it.
    expected
        How many of those that pass are expected to meet all criteria.
    limits
        What is to be kept in mind.
    """

    key: str
    steps: list[tuple[int, int]]
    nearest: list[float | None]
    expected: float
    limits: list[str]


@dataclass(frozen=True)
class Judge:
    """All that it takes to judge a part of a space.

    Parameters
    ----------
    key
        Of the screening.
    settings, space, radii
        Of the plan.
    shared, about
        The networks of the model and its `model.json`; None where no model is asked.
    """

    key: str
    settings: ScreenSettings
    space: Space
    radii: Radii | None
    shared: SharedSites | None
    about: dict[str, Any] | None

    def part(self, first: int, last: int) -> pa.Table:
        """Return candidates number `first` up to `last` (not included), judged.

        Numbers are single precision there, which is far finer than any model; `told_of` gives what
        stands in the metadata.
        """
        import pyarrow as pa

        criteria = make_criteria(self.settings.criteria)
        frame = self.space.candidates(first, last)
        bare = Candidates(frame, self.space.prototype)
        # no criterion for parts reads a file of the project
        known = known_of(bare, criteria, self.settings, self.radii, Path())
        energies = None
        if self.shared is not None and self.about is not None:
            energies = from_shared(self.shared, self.about, known.sites)
        evidence = with_energies(known.evidence, energies)
        funnel = run_funnel(criteria, evidence, len(frame), may_be_empty=True)
        table = judged(frame, criteria, known, energies, evidence, funnel)
        told = Told(
            self.key,
            [(step.before, step.after) for step in funnel.steps],
            [step.nearest for step in funnel.steps],
            float(table["probability"][funnel.passing].sum()),
            list(known.limits),
        )
        narrow = dict.fromkeys(table.select_dtypes(np.float64), np.float32)
        repeated = dict.fromkeys(table.select_dtypes(object).columns.drop("formula"), "category")
        found = pa.Table.from_pandas(table.astype({**narrow, **repeated}), preserve_index=False)
        metadata = {**(found.schema.metadata or {}), METADATA: json.dumps(asdict(told)).encode()}
        return found.replace_schema_metadata(metadata)


def told_of(path: Path, key: str) -> Told | None:
    """Return what the file of a part tells; None where it is not there or of another screening."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
        told = Told(**json.loads(metadata[METADATA]))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return None
    return told if told.key == key else None
