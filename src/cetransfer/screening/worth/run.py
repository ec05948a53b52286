"""Does the criterion work? Asked of a finished screening, wherever answers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.screening.worth.answers import questions_of
from cetransfer.screening.worth.coverage import coverage_of
from cetransfer.screening.worth.held_out import UNKNOWN, held_out_elements
from cetransfer.screening.worth.rules import rules_of
from cetransfer.screening.worth.worth import Worth, worth_of
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.models.model import Model
    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.worth.question import Rule
    from cetransfer.structures.prototypes import Prototype

DRAWN = "known answers are no fair draw of compounds: experiments know what somebody tried to make"

INTERVALS = (
    "intervals of precision and recall speak of other compounds of the same elements, the others "
    "of other elements too"
)


def ask_known_answers(
    table: pd.DataFrame,
    passing: NDArray[np.bool_],
    criteria: Sequence[Criterion],
    prototype: Prototype,
    model: Model | None,
    root: Path,
    *,
    held_out: bool,
) -> Worth | None:
    """Compare a funnel with its alternatives; None where no answer is known.

    Parameters
    ----------
    table
        Of n candidates, with all quantities and their provenance.
    passing
        (n,) which pass the funnel.
    criteria
        Of the funnel.
    prototype
        Of the candidates.
    model
        That was asked; None where there is none.
    root
        The project's folder.
    held_out
        Whether the model's intervals are to be checked on held-out elements, which trains.
    """
    about = None if model is None else model.about
    questions, notes = questions_of(table, prototype, about, root)
    if not questions:
        return None
    rules = rules_of(table, passing, criteria, questions)
    # one stream for all screenings: the seed is the model's, and a list has no model
    random = generator(0, Purpose.KNOWN_ANSWERS)
    found = worth_of(questions, rules, table[["A", "B"]], random)
    apart, told = None, [f"{UNKNOWN}held_out=false"]
    if held_out:
        apart, told = held_out_elements(model, root)
    more = {
        "coverage": coverage_of(table, about, prototype.name, root),
        "held_out_elements": apart,
        "notes": [*notes, *told],
        "limits": [DRAWN, INTERVALS],
    }
    by_model = "lower" in table and bool(table["lower"].notna().any())
    beside = _beside(found.table, rules, apart) if apart and by_model else found.table
    return Worth(beside, found.document | more)


def _beside(table: pd.DataFrame, rules: Sequence[Rule], apart: Mapping[str, Any]) -> pd.DataFrame:
    """Put the coverage on held-out elements beside the rules that rest on the model's energies."""
    own = table["criterion"].isin([rule.name for rule in rules if rule.energetic])
    return table.assign(
        **{
            f"held_out_coverage{end}": own.map({True: apart[name], False: float("nan")})
            for end, name in (("", "coverage"), ("_low", "low"), ("_high", "high"))
        }
    )
