"""A table with A and B in the other order, for where it is open which element stands on which."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from cetransfer.datasets.dataset import Dataset


def exchanged(data: Dataset) -> Dataset | None:
    """Return the rows with the elements of A and B exchanged, under the same formulas.

    None where there is no B, or where structures of its own say what is on A and B.
    """
    if "B" not in data.frame or data.structures is not None:
        return None
    frame = data.frame.rename(columns={"A": "B", "B": "A"})[list(data.frame.columns)]
    return dataclasses.replace(data, name=f"{data.name}_exchanged", frame=frame)


def require_same_compound(data: Dataset) -> None:
    """Refuse `dataset.site_order=both` where an exchange of A and B is another compound.

    Raises
    ------
    UserError
        If A and B are not equally many in the formula.
    """
    if data.structures is not None or data.prototype is None:
        raise UserError(
            f"dataset.site_order=both: {data.name} has structures of its own, which say what is on "
            "A and B; give as_given"
        )
    counts = prototype_named(data.prototype).counts
    if counts["A"] != counts.get("B"):
        raise UserError(
            f"dataset.site_order=both: in {data.prototype} A and B are not equally many, so the "
            f"other order of {data.name} is another compound; give as_given"
        )
