"""Further lists from the same candidates: other limits, and a published list set beside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cetransfer.datasets.table_files import read_user_table
from cetransfer.datasets.tabular_rows import column_of
from cetransfer.errors import UserError, nearest
from cetransfer.screening.criterion import make_criteria
from cetransfer.screening.funnel import run_funnel, told
from cetransfer.screening.own_list import list_file
from cetransfer.screening.probability import probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.evidence import Evidence
    from cetransfer.settings_screening import ScreenSettings

TAKEN = ("funnel", "shortlist", "comparison", "worth")
"""Names of tables that a screening writes itself."""

LONGEST = 60
"""Characters of a name."""


def further_lists(
    settings: ScreenSettings,
    criteria: Sequence[Criterion],
    evidence: Evidence,
    table: pd.DataFrame,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return what `screen.json` says of each further list, and the lists by file name.

    Raises
    ------
    UserError
        If a list changes a criterion that the funnel does not have, or leaves nothing.
    """
    documents: dict[str, Any] = {}
    tables: dict[str, pd.DataFrame] = {}
    for name, asked in settings.further.items():
        check_name(f"further.{name}", name)
        if name in TAKEN:
            raise UserError(f"further.{name}: {name}.csv is another file of the result; rename it")
        for each in asked.criteria:
            if each not in settings.criteria:
                known = [one.name for one in criteria]
                hint = nearest(each, known, f"the funnel has {', '.join(known)}")
                raise UserError(f"further.{name}.criteria.{each} is no criterion here; {hint}")
        changed = {
            key: {**fields, **asked.criteria.get(key, {})}
            for key, fields in settings.criteria.items()
        }
        own = make_criteria(changed)
        found = run_funnel(own, evidence, len(table))
        listed = table.assign(
            dropped_by=found.dropped_by,
            probability=probabilities(own, evidence, found.quantities),
        )[found.passing].sort_values("rank", ignore_index=True)
        file = f"{name}.csv"
        document: dict[str, Any] = {
            "file": file,
            "funnel": told(found.steps),
            "count": len(listed),
            "published": None,
            "hashes": {},
        }
        if asked.published is not None:
            compared, document["hashes"] = _published(
                asked.published, asked.formula, f"further.{name}"
            )
            here = {*listed["formula"]}
            listed["published"] = listed["formula"].isin(compared)
            document["published"] = {
                "count": len(compared),
                "both": len(here & compared),
                "only_here": sorted(here - compared),
                "only_published": sorted(compared - here),
            }
        documents[name] = document
        tables[file] = listed
    return documents, tables


def check_name(key: str, name: str) -> None:
    """Refuse a name that would be no plain name of a file.

    Raises
    ------
    UserError
        Naming the key.
    """
    if not re.fullmatch(r"\w[\w.-]*", name) or len(name) > LONGEST:
        raise UserError(
            f"{key}: {name!r} is to name a file; use letters, digits, points, - and _, at most "
            f"{LONGEST}"
        )


def _published(word: str, column: str, key: str) -> tuple[set[str], dict[str, str]]:
    """Return the formulas of a published list, and the SHA-256 of its file."""
    path, hashes = list_file(word)
    table = read_user_table(path)
    return {*column_of(table, column, path, f"{key}.formula").astype(str)}, hashes
