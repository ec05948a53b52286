"""What labels rest on, said wherever a data set is used as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def rests_on(name: str, origins: Sequence[str]) -> list[str]:
    """Return one line if the labels of a data set were made by something trained on other labels.

    Parameters
    ----------
    name
        Of the data set.
    origins
        What labelled it, then what that was trained on, as in `Dataset.rests_on`.
    """
    if len(origins) < 2:  # noqa: PLR2004 - labels of labels
        return []
    made, *below = origins
    line = (
        f"{name} is labelled by {made}, which was trained on {' and '.join(below)} "
        "calculations: a source with these labels has indirectly seen targets from there"
    )
    return [line]
