"""What labels rest on, said wherever a data set is used as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cetransfer.datasets.dataset import Dataset


def rests_on(source: Dataset) -> list[str]:
    """Return one line if the labels of a source were made by something trained on other labels."""
    if len(source.rests_on) < 2:  # noqa: PLR2004 - labels of labels
        return []
    made, *below = source.rests_on
    line = (
        f"{source.name} is labelled by {made}, which was trained on {' and '.join(below)} "
        "calculations: a source with these labels has indirectly seen targets from there"
    )
    return [line]
