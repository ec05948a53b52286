"""How often the intervals of a screening's model hold, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def coverage_lines(worth: Mapping[str, Any]) -> list[str]:
    """Say how often intervals hold on compounds never labelled, and on held-out elements.

    Parameters
    ----------
    worth
        Of `screen.json`; older ones say nothing of held-out elements.
    """
    found, apart = worth.get("coverage"), worth.get("held_out_elements")
    lines = [_never_labelled(found)] if found else []
    return [*lines, _held_out(apart)] if apart else lines


def _never_labelled(found: Mapping[str, Any]) -> str:
    held = ", ".join(
        f"{row['coverage']:.1%} of {row['compounds']} ({row['words']})"
        for row in found["rows"].values()
        if row["compounds"]
    )
    return (
        f"{found['nominal']:.0%} intervals hold on never labelled compounds of {found['dataset']}: "
        f"{held}"
    )


def _held_out(found: Mapping[str, Any]) -> str:
    groups = ", ".join(f"{each['coverage']:.0%}" for each in found["groups"])
    source = "; its source nets know them" if found["source_has_element"] else ""
    return (
        f"{found['nominal']:.0%} intervals hold on held-out elements: {found['coverage']:.1%} "
        f"({100 * found['low']:.0f}-{100 * found['high']:.0f}) of {found['compounds']}, mean "
        f"width {found['width']:.2f} eV/atom (model {found['model']}, trained anew without "
        f"{len(found['groups'])} groups of elements, one at a time: {groups}{source})"
    )
