"""The data released with Li, Zhu, Wang, Feng, Liu, npj Comput. Mater. 9:106 (2023).

doi 10.1038/s41524-023-01068-7; https://github.com/liyihang1024/spinel_to_perovskite_TL, MIT
licence. Source: 5174 cubic spinels AB2O4. Target: 855 perovskites ABO3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from cetransfer.datasets.catalogue import register
from cetransfer.datasets.dataset import Dataset
from cetransfer.datasets.fetch import fetch, parsed
from cetransfer.datasets.origin import Entry, Origin
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

REPOSITORY = "https://raw.githubusercontent.com/liyihang1024/spinel_to_perovskite_TL"
COMMIT = "b198fddf9138a1c214840d914ef6ab0f67ab346e"

SPINEL = "raw_data/FE_trainData_AB_AB_source_domain.xlsx"
SPINEL_TOTAL = "CE-features-generation/trainData/1_neighbor/SPE_trainData_AB_AB.xlsx"
SPINEL_A_CE = "CE-features-generation/trainData/1_neighbor/FE_trainData_A_CE.xlsx"
PEROVSKITE = "raw_data/FE_trainData_AB_AB_target_domain.xlsx"

SHA256 = {
    SPINEL: "da14eb132761cc801eae449d832fb4a4a786993aff6bdb41b1bc63092f7f3c29",
    SPINEL_TOTAL: "c4755cf95f9dd5f33ba21ed94d27a2daec679bfd4625badbc559c3904c0f4045",
    SPINEL_A_CE: "3829c63dcbc63645a0682765cf5165777f630856a811562a79ad8caf9ea81d33",
    PEROVSKITE: "abb88f481c718095c8484fdf020164d35b2241a5d326291f6a3690840245ce23",
}
"""Of the files at `COMMIT`."""

ORDER_NOTE = (
    "li2023_perovskite: A and B are in the order of the released formula, which goes by "
    "electronegativity; checked against Emery & Wolverton (2017), at least 39 of 276 rows have "
    "their sites swapped (BeZnO3 is ZnBeO3)"
)


def _entry(
    about: str,
    prototype: str,
    files: tuple[str, ...],
    rests_on: str,
    *,
    true: bool,
    suspects: bool = False,
) -> Entry:
    return Entry(
        about=about,
        prototype=prototype,
        licence="MIT",
        doi="10.1038/s41524-023-01068-7",
        origins=(
            Origin(f"{REPOSITORY}/{COMMIT}", {path: SHA256[path] for path in files}, "li2023"),
        ),
        rests_on=(rests_on,),
        true_sites=true,
        suspects=suspects,
    )


@register(
    "li2023_spinel",
    _entry(
        "spinels AB2O4 of Li et al. (2023), density functional theory, no oxide correction",
        "spinel",
        (SPINEL, SPINEL_TOTAL),
        "calculations of Li et al.",
        true=True,
        suspects=True,
    ),
)
def load_spinel(*, root: Path) -> Dataset:
    """Read the 5174 released spinels, with ``total_energy_per_atom`` (eV/atom).

    `root` is not used: the files come from the mirror or the network.
    """
    del root
    table, total = published_table(SPINEL), published_table(SPINEL_TOTAL)
    if not table["formula"].equals(total["formula"]):
        raise UserError(f"{SPINEL} and {SPINEL_TOTAL} list different compounds")
    frame = _labelled(table["formula"].tolist(), "AB2O4")
    frame["formation_energy"] = table["FormationEnergy/atom"]
    frame["total_energy_per_atom"] = total["Energy/atom"]
    return Dataset(
        "li2023_spinel",
        frame,
        "spinel",
        {path: SHA256[path] for path in (SPINEL, SPINEL_TOTAL)},
    )


@register(
    "li2023_perovskite",
    _entry(
        "perovskites ABO3 of Li et al. (2023), it seems from the Materials Project",
        "perovskite",
        (PEROVSKITE,),
        "Materials Project",
        true=False,
    ),
)
def load_perovskite(*, root: Path) -> Dataset:
    """Read the 855 released perovskites; `root` is not used, as by `load_spinel`."""
    del root
    table = published_table(PEROVSKITE)
    frame = _labelled(table["formula"].tolist(), "ABO3")
    frame["formation_energy"] = table["formation_energy_per_atom"]
    hashes = {PEROVSKITE: SHA256[PEROVSKITE]}
    return Dataset("li2023_perovskite", frame, "perovskite", hashes, (ORDER_NOTE,))


def published_table(path: str) -> pd.DataFrame:
    """Read a released table: column ``formula``, 112 feature columns, the label last.

    The workbook takes seconds to read, so it is kept as parquet in the cache, by its SHA-256.

    Parameters
    ----------
    path
        A key of `SHA256`.

    Raises
    ------
    UserError
        If the file is missing or damaged, see `cetransfer.datasets.fetch.fetch`.
    """
    import pandas as pd

    workbook = fetch("li2023", path, f"{REPOSITORY}/{COMMIT}/{quote(path)}", SHA256[path])

    def write(aside: Path) -> None:
        # keep_default_na: no formula is ever a missing value
        table = pd.read_excel(workbook, keep_default_na=False)
        table = table.rename(columns={table.columns[0]: "formula"})
        numbers = table.columns[1:]
        table.astype(dict.fromkeys(numbers, "float64")).to_parquet(aside)

    return pd.read_parquet(parsed(workbook, ".v1.parquet", write))


def parse_formula(formula: str, template: str) -> tuple[str, str, str]:
    """Split a formula into the elements on A, B and X, without reducing it.

    Parameters
    ----------
    formula
        For example ``"YY2O4"``, in the order of the template.
    template
        ``"AB2O4"`` or ``"ABO3"``; its letters stand for any element.

    Raises
    ------
    UserError
        If the formula is not of that form.
    """
    pattern = "".join("([A-Z][a-z]?)" if letter.isalpha() else letter for letter in template)
    match = re.fullmatch(pattern, formula)
    if match is None:
        raise UserError(f"formula {formula!r} is not of the form {template}")
    site_a, site_b, site_x = match.groups()
    return site_a, site_b, site_x


def _labelled(formulas: list[str], template: str) -> pd.DataFrame:
    """Return the columns formula, A, B, X."""
    import pandas as pd

    sites = [parse_formula(formula, template) for formula in formulas]
    frame = pd.DataFrame(sites, columns=["A", "B", "X"])
    frame.insert(0, "formula", formulas)
    return frame
