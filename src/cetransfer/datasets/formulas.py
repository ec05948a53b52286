"""From a formula as people write it to the element on every site of a prototype."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cetransfer.datasets.dataset import ELEMENTS
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from cetransfer.structures.prototypes import Prototype

TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)")
WHOLE = re.compile(rf"(?:{TOKEN.pattern})+")
ISOTOPES = {"D": "deuterium", "T": "tritium"}


def element_counts(formula: object) -> list[tuple[str, int]]:
    """Split a formula into its elements and their numbers, in the order written.

    Parameters
    ----------
    formula
        For example ``"MgAl2O4"``, ``"Mg1 Al2 O4"`` or, where A and B are one element, ``"YY2O4"``.

    Raises
    ------
    UserError
        Saying what in it cannot be read.
    """
    if not isinstance(formula, str) or not formula.strip():
        raise UserError("there is no formula")
    text = "".join(formula.split())
    if re.search(r"[+-]", text):
        raise UserError("oxidation states are no part of a formula here; write MgO, not Mg2+O2-")
    if re.search(r"\d*\.\d", text):
        raise UserError("only fully occupied sites can be described; write whole numbers")
    if not WHOLE.fullmatch(text):
        raise UserError("it cannot be read; write elements and numbers only, like MgAl2O4")
    found = [(symbol, int(number or 1)) for symbol, number in TOKEN.findall(text)]
    for symbol, number in found:
        if symbol in ISOTOPES:
            raise UserError(f"{symbol} is {ISOTOPES[symbol]}, an isotope; write H")
        if symbol not in ELEMENTS:
            raise UserError(f"{symbol!r} is no element")
        if not number:
            raise UserError(f"{symbol} has the number 0; leave it out")
    return found


def elements_on_sites(formula: object, prototype: Prototype) -> tuple[dict[str, str], int]:
    """Put the elements of a formula on the sites of a prototype.

    A formula in the order of the prototype's roles is taken as it stands, multiples included. In
    any other order the numbers decide, and the written order where two roles have the same number.

    Returns
    -------
    tuple
        Element of each role, and the number of atoms in the formula as written.

    Raises
    ------
    UserError
        If the formula cannot be read or is not of the prototype's form.
    """
    found = element_counts(formula)
    atoms = sum(number for _, number in found)
    units, rest = divmod(atoms, sum(prototype.counts.values()))
    wanted = {role: count * units for role, count in prototype.counts.items()}
    if not rest and [number for _, number in found] == list(wanted.values()):
        symbols = (symbol for symbol, _ in found)
        return dict(zip(wanted, symbols, strict=True)), atoms
    sites: dict[str, str] = {}
    for symbol, number in found:
        free = [role for role, count in wanted.items() if count == number and role not in sites]
        if free:
            sites[free[0]] = symbol
    if rest or len(found) != len(wanted) or len(sites) != len(wanted):
        twice = "; write an element on two sites twice, like YYO3" * (len(found) < len(wanted))
        raise UserError(
            f"it is not of the form {prototype.formula_template} of prototype "
            f"{prototype.name}{twice}"
        )
    return {role: sites[role] for role in wanted}, atoms
