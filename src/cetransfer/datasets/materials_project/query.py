"""What the Materials Project is asked for."""

from __future__ import annotations

import hashlib
import json
import string
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cetransfer.datasets.dataset import ELEMENTS
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from cetransfer.settings import MaterialsProjectQuery
    from cetransfer.structures.prototypes import Prototype

ANY_ELEMENT = "*"

SPACE_GROUPS = range(1, 231)

DIGITS = 12
"""Of the digest, in the name of a frozen file."""


@dataclass(frozen=True)
class Query:
    """A query, written in one way only, so that equal queries have equal digests.

    Parameters
    ----------
    formula
        Anonymous formula, numbers ascending: ``"ABC3"`` for a perovskite.
    chemsys
        Chemical systems, elements and systems sorted: ``("O-Sr-Ti",)``; empty for any.
    space_group
        International number; None for any.
    """

    formula: str
    chemsys: tuple[str, ...] = ()
    space_group: int | None = None

    @property
    def digest(self) -> str:
        """Name of the query in file names."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]

    def __str__(self) -> str:
        words = [f"formula {self.formula}"]
        if self.chemsys:
            words.append(f"chemical system {' or '.join(self.chemsys)}")
        if self.space_group is not None:
            words.append(f"space group {self.space_group}")
        return ", ".join(words)


def query_for(asked: MaterialsProjectQuery, prototype: Prototype, key: str) -> Query:
    """Check what the configuration asks for.

    Parameters
    ----------
    asked
        Chemical systems and space group.
    prototype
        Gives the formula, and the space group where `asked` says so.
    key
        Where `asked` stands in the configuration, for messages.

    Raises
    ------
    UserError
        If no entry could answer it.
    """
    given = asked.chemsys if isinstance(asked.chemsys, list) else [asked.chemsys]
    systems = sorted({_system(text, prototype, key) for text in given if text is not None})
    if len(systems) > 1 and any(ANY_ELEMENT in system for system in systems):
        raise UserError(
            f"{key}.chemsys: {ANY_ELEMENT} is allowed in a single chemical system only, got "
            f"{', '.join(systems)}; write elements, or keep one"
        )
    return Query(anonymous_formula(prototype), tuple(systems), _space_group(asked, prototype, key))


def anonymous_formula(prototype: Prototype) -> str:
    """Return the formula without elements, as the Materials Project writes it: ``"AB2C4"``."""
    numbers = sorted(prototype.counts.values())
    pairs = zip(string.ascii_uppercase, numbers, strict=False)
    return "".join(letter + (str(number) if number > 1 else "") for letter, number in pairs)


def _system(text: object, prototype: Prototype, key: str) -> str:
    elements = str(text).replace(" ", "").split("-")
    unknown = [each for each in elements if each != ANY_ELEMENT and each not in ELEMENTS]
    if unknown:
        raise UserError(
            f"{key}.chemsys={text}: {unknown[0]!r} is no element; write Sr-Ti-O, with "
            f"{ANY_ELEMENT} for any element"
        )
    if len(elements) != len(prototype.roles):
        raise UserError(
            f"{key}.chemsys={text} has {len(elements)} elements, prototype {prototype.name} "
            f"({prototype.formula_template}) {len(prototype.roles)}; give as many"
        )
    return "-".join(sorted(elements))


def _space_group(asked: MaterialsProjectQuery, prototype: Prototype, key: str) -> int | None:
    if asked.space_group == "any":
        return None
    if asked.space_group == "prototype":
        return prototype.space_group
    if asked.space_group.isdecimal() and int(asked.space_group) in SPACE_GROUPS:
        return int(asked.space_group)
    raise UserError(
        f"{key}.space_group={asked.space_group} is no space group; give a number from 1 to 230, "
        "prototype or any"
    )
