"""Does the criterion work? Asked of a finished screening, wherever answers are known."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from cetransfer.screening.worth.answers import questions_of
from cetransfer.screening.worth.coverage import coverage_of
from cetransfer.screening.worth.rules import rules_of
from cetransfer.screening.worth.worth import worth_of
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.worth.worth import Worth
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
    about: Mapping[str, Any] | None,
    root: Path,
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
    about
        `model.json` of the model; None where there is none.
    root
        The project's folder.
    """
    questions, notes = questions_of(table, prototype, about, root)
    if not questions:
        return None
    rules = rules_of(table, passing, criteria, questions)
    # one stream for all screenings: the seed is the model's, and a list has no model
    random = generator(0, Purpose.KNOWN_ANSWERS)
    found = worth_of(questions, rules, table[["A", "B"]], random)
    more = {
        "coverage": coverage_of(table, about, prototype.name, root),
        "notes": notes,
        "limits": [DRAWN, INTERVALS],
    }
    return dataclasses.replace(found, document=found.document | more)
