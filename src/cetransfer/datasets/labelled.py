"""What a table written by ``cetransfer data label`` says of itself, wherever it is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.structures.prototypes import Prototype

RESTS_ON = ("CHGNet 0.3.0", "Materials Project")
"""CHGNet was trained on trajectories of that database (doi 10.1038/s42256-023-00716-3)."""

VERSIONED = ("spinel", "perovskite")
"""Their tables are versioned byte by byte and older than these words; the catalogue has them."""

COLUMNS = {"lattice_constant", "total_energy", "formation_energy", "bulk_modulus_gpa", "flag"}
"""By these a table of labels is known, also after a way through another program."""


def label_attributes(prototype: Prototype, key: str) -> dict[str, Any]:
    """Return what a table of labels carries beside its columns.

    Parameters
    ----------
    prototype
        That was labelled.
    key
        Of everything that the labels depend on.
    """
    attributes: dict[str, Any] = {"key": key}
    if prototype.name not in VERSIONED:
        attributes["rests_on"] = list(RESTS_ON)
    if prototype.sha256:
        attributes["cif_sha256"] = prototype.sha256
    return attributes


def labelled_by(table: pd.DataFrame) -> tuple[str, ...]:
    """Return whose calculations the labels of a table rest on; empty where it does not say."""
    if "rests_on" in table.attrs:
        return tuple(map(str, table.attrs["rests_on"]))
    return RESTS_ON if set(table.columns) >= COLUMNS else ()


def doubts(table: pd.DataFrame) -> pd.Series:
    """Return why each row of a table of labels is not to be used, "" where it is or is no such."""
    import pandas as pd

    if not labelled_by(table) or "flag" not in table:
        return pd.Series("", index=table.index)
    return table["flag"].fillna("").astype(str)


def same_cell(table: pd.DataFrame, prototype: Prototype) -> bool:
    """Tell whether a table was labelled with this very CIF, as far as it says."""
    return str(table.attrs.get("cif_sha256", prototype.sha256)) == prototype.sha256
