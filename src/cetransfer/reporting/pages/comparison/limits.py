"""What a comparison does not say, as far as it can be told from its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.datasets.elements import ELEMENTS_73
from cetransfer.reporting.pages.comparison.elements import elements_of_formulas
from cetransfer.reporting.pages.rests_on import code_limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cetransfer.reporting.pages.comparison.stored import Stored

SHOWN = 12
"""Names that a line lists."""

SLACK = 0.03
"""An interval may hold in so much less than its level before that is told: chance of a few rows."""


def limits_of(stored: Stored) -> list[str]:
    """Return one sentence for each limit."""
    document = stored.document
    return [
        *_elements(stored),
        *_leakage(document),
        *_assisted(document),
        *_intervals(stored),
        *code_limits(document),
    ]


def _elements(stored: Stored) -> list[str]:
    seen = set().union(*elements_of_formulas(stored.document["labelled"]))
    missing = [name for name in ELEMENTS_73 if name not in seen]
    found = []
    if missing:
        found.append(
            f"Elements never seen: of the 73 elements of the oxides that cetransfer knows, no "
            f"labelled row has {_listed(missing)}; for these nothing here was measured."
        )
    new = _union(stored.document["leakage"], "new_to_source")
    if new:
        found.append(f"Elements that the source has not: {_listed(new)}.")
    new = _union(stored.document["leakage"], "new_to_train")
    if new:
        found.append(
            f"In some splits scored rows have elements that no training row has: {_listed(new)}."
        )
    return found


def _leakage(document: Mapping[str, Any]) -> list[str]:
    splits = document["leakage"]
    scored = sum(each["test"] for each in splits)
    shared = sum(each["pairs_in_source"] for each in splits)
    same = sum(each["compounds_in_source"] for each in splits)
    found = []
    if shared:
        found.append(
            f"Leakage: {shared / scored:.0%} of scored rows have an A and B that also stand "
            "together in the source, so the score speaks of the same pair in another lattice, not "
            "of new chemistry (protocol=by_pair or by_element asks for that)."
        )
    if same:
        found.append(
            f"Leakage: {same} of {scored} scored rows are compounds that the source has in the "
            "same prototype."
        )
    return found


def _assisted(document: Mapping[str, Any]) -> list[str]:
    target = document["target"]
    found = [
        f"Labels assisted by a potential: those of {each['name']} rest on "
        f"{', '.join(each['rests_on'])}, not from calculations of these compounds."
        for each in (*document["sources"], target)
        if any(_is_potential(name) for name in each.get("rests_on", []))
    ]
    own = set(target.get("rests_on", []))
    found += [
        f"{each['name']} and {target['name']} both rest on {', '.join(sorted(shared))}: what they "
        "have in common is in part where their labels come from."
        for each in document["sources"]
        if (shared := own & set(each.get("rests_on", [])))
    ]
    return found


def _is_potential(name: str) -> bool:
    return any(word in name.lower() for word in ("chgnet", "mace", "m3gnet", "potential"))


def _intervals(stored: Stored) -> list[str]:
    if not stored.coverage:
        words = "no row was left that nothing was trained on, so whether they hold was not measured"
        return [f"Intervals: {words}."]
    nominal = float(stored.document["coverage"]["nominal"])
    kinds = {
        "overall": "all rows",
        "low": "the lowest third of predicted energies",
        "middle": "the middle third",
        "high": "the highest third",
        "element_new": "rows with an element new to its site",
        "out_of_range": "rows outside the range of the labelled ones",
    }
    found = []
    for name, coverage in stored.coverage.items():
        short = [
            f"{words} {held.coverage:.1%}"
            for key, words in kinds.items()
            if (held := getattr(coverage, key)).coverage is not None
            and held.coverage < nominal - SLACK
        ]
        if short:
            found.append(
                f"Intervals of {name} that hold less often than the {nominal:.0%} they are meant "
                f"to: {', '.join(short)}."
            )
    return found


def _union(splits: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    found = {name for each in splits for name in each[key]}
    return sorted(found)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - SHOWN
    return f"{', '.join(names[:SHOWN])}{f' and {more} more' if more > 0 else ''}"
