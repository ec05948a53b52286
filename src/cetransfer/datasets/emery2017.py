"""The perovskites of Emery & Wolverton, Sci. Data 4:170153 (2017), doi 10.1038/sdata.2017.153.

4914 ABO3 of 73 elements on their true sites, calculated for the Open Quantum Materials Database;
the lowest of several distortions each. Public file: matminer's data set `wolverton_oxides`; a
mirror may hold the same table as CSV.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.catalogue import register
from cetransfer.datasets.dataset import Dataset
from cetransfer.datasets.fetch import fetch, present
from cetransfer.datasets.origin import Entry, Origin
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

NAME = "emery2017"
CSV = "wolverton_oxides.csv"
CSV_SHA256 = "2468257e8c18e2be0e54af2af8dfa5a1fe81acf16d42a732be434d2ae98a8ee6"
JSON = "wolverton_oxides.json.gz"
JSON_SHA256 = "3e66c2a5bd23dac335f045210258ca14babf730824bf989b0127640c24bcb78b"
"""As matminer's own list of data sets gives it."""

URL = "https://ndownloader.figshare.com/files/13354616"

COLUMNS = {
    "formula": "formula",
    "atom a": "A",
    "atom b": "B",
    "e_form": "formation_energy",
    "e_hull": "hull_distance",
    "a": "lattice_a",
    "b": "lattice_b",
    "c": "lattice_c",
    "lowest distortion": "lowest_distortion",
}
"""Column of the origin to ours: energies in eV/atom, lattice lengths in angstrom."""

ENTRY = Entry(
    about="perovskites ABO3 of Emery & Wolverton (2017), true sites, hull distance",
    prototype="perovskite",
    licence="see figshare 5334142",
    doi="10.1038/sdata.2017.153",
    origins=(
        Origin("the same table as CSV, in a mirror folder", {CSV: CSV_SHA256}, NAME),
        Origin(URL, {JSON: JSON_SHA256}, NAME),
    ),
    rests_on=("Open Quantum Materials Database",),
    true_sites=True,
)


@register(NAME, ENTRY)
def load_emery(*, root: Path) -> Dataset:
    """Read the 4914 perovskites, with ``hull_distance`` (eV/atom) and lattice lengths (angstrom).

    `root` is not used: the file comes from the mirror or the network.
    """
    del root
    if present(NAME, CSV):
        path, sha256 = fetch(NAME, CSV, URL, CSV_SHA256), CSV_SHA256
    else:
        path, sha256 = fetch(NAME, JSON, URL, JSON_SHA256), JSON_SHA256
    frame = read_table(path)
    return Dataset(NAME, frame, "perovskite", {path.name: sha256})


def read_table(path: Path) -> pd.DataFrame:
    """Read either form of the public table into our columns.

    Parameters
    ----------
    path
        A CSV file, or gzipped JSON with the keys ``columns`` and ``data``, as matminer writes it.

    Raises
    ------
    UserError
        If it is neither, or lacks a column.
    """
    import pandas as pd

    try:
        if path.name.endswith(".json.gz"):
            content = json.loads(gzip.decompress(path.read_bytes()))
            table = pd.DataFrame(content["data"], columns=content["columns"])
        else:
            # keep_default_na: no symbol is ever a missing value
            table = pd.read_csv(path, keep_default_na=False)
        frame = table[list(COLUMNS)].rename(columns=COLUMNS)
        numbers = ["formation_energy", "hull_distance", "lattice_a", "lattice_b", "lattice_c"]
        frame = frame.astype(dict.fromkeys(numbers, np.float64))
    except (ValueError, KeyError, TypeError, EOFError, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path} is no table of {NAME} ({error}); get it again from {URL}"
        ) from error
    frame.insert(3, "X", "O")
    return frame
