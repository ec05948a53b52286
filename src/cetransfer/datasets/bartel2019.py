"""Experimental labels: which ABX3 crystallise as perovskites.

Bartel et al., Sci. Adv. 5:eaav0693 (2019), doi 10.1126/sciadv.aav0693, table S1: 576 compounds with
true A and B, 313 of them perovskites. MIT licence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.datasets.catalogue import enter
from cetransfer.datasets.fetch import fetch
from cetransfer.datasets.origin import Entry, Origin
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

NAME = "bartel2019"
REPOSITORY = "https://raw.githubusercontent.com/CJBartel/perovskite-stability"
COMMIT = "965b8de5"
TABLE = "TableS1.csv"
SHA256 = "bea471ddb1ed63dcb94cc9cbc58c73f3bc1a12918e96cf24818b3aea2cbe3656"

COLUMNS = {
    "ABX3": "formula",
    "A": "A",
    "B": "B",
    "X": "X",
    "exp_label": "label",
    "is_train": "trained",
    "nA": "n_a",
    "nB": "n_b",
    "rA (Ang)": "r_a",
    "rB (Ang)": "r_b",
    "rX (Ang)": "r_x",
    "t": "t",
    "tau": "tau",
    "tau_prob": "tau_probability",
}
"""Column of the origin to ours."""

ENTRY = Entry(
    about="576 ABX3 with an experimental label, perovskite or not (Bartel et al. 2019)",
    prototype="perovskite",
    licence="MIT",
    doi="10.1126/sciadv.aav0693",
    origins=(Origin(f"{REPOSITORY}/{COMMIT}", {TABLE: SHA256}, NAME),),
    rests_on=("experiments",),
    true_sites=True,
    use="screening: what is known experimentally",
)

enter(NAME, ENTRY)


def read_labels() -> tuple[pd.DataFrame, dict[str, str]]:
    """Return table S1 and its SHA-256 by name.

    Returns
    -------
    tuple
        The table: ``formula``, ``A``, ``B``, ``X``; ``label`` (1 perovskite, -1 not); ``trained``
        (1: tau was fitted to it, -1: not); oxidation states ``n_a``, ``n_b``; Shannon's radii
        ``r_a``, ``r_b``, ``r_x`` in angstrom; ``t``, ``tau`` and ``tau_probability``, rounded.

    Raises
    ------
    UserError
        If the file cannot be had or is damaged, see `cetransfer.datasets.fetch.fetch`.
    """
    import pandas as pd

    path: Path = fetch(NAME, TABLE, f"{REPOSITORY}/{COMMIT}/{TABLE}", SHA256)
    try:
        # keep_default_na: no symbol is ever a missing value
        table = pd.read_csv(path, keep_default_na=False)[list(COLUMNS)]
    except (ValueError, KeyError) as error:
        raise UserError(f"{path} is no table of {NAME} ({error}); get it again") from error
    return table.rename(columns=COLUMNS), {TABLE: SHA256}
