"""Formation energies from a universal interatomic potential, made by ``cetransfer data label``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.datasets.catalogue import register
from cetransfer.datasets.dataset import Dataset
from cetransfer.datasets.fetch import versioned
from cetransfer.datasets.labelled import RESTS_ON
from cetransfer.datasets.origin import Entry, Origin
from cetransfer.errors import UserError
from cetransfer.files import sha256

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

PROTOTYPE = {"surrogate_spinel": "spinel", "surrogate_perovskite": "perovskite"}


def _entry(name: str, formula: str) -> Entry:
    prototype = PROTOTYPE[name]
    return Entry(
        about=f"cubic {prototype}s {formula} labelled by this project with CHGNet 0.3.0",
        prototype=prototype,
        licence="MIT",
        doi="",
        origins=(
            Origin(
                f"versioned with DVC; cetransfer data label prototype={prototype}",
                {f"{name}.parquet": None},
            ),
        ),
        rests_on=RESTS_ON,
        true_sites=True,
    )


@register("surrogate_spinel", _entry("surrogate_spinel", "AB2O4"))
def _spinel(*, root: Path) -> Dataset:
    return load_surrogate("surrogate_spinel", root)


@register("surrogate_perovskite", _entry("surrogate_perovskite", "ABO3"))
def _perovskite(*, root: Path) -> Dataset:
    return load_surrogate("surrogate_perovskite", root)


def load_surrogate(name: str, root: Path) -> Dataset:
    """Read a table of surrogate labels.

    Flagged rows, such as those whose energy has no minimum, carry no usable label and are always
    left out.

    Parameters
    ----------
    name
        ``"surrogate_spinel"`` or ``"surrogate_perovskite"``.
    root
        The project's folder: ``<root>/data/<name>.parquet`` goes before the table that ships with
        the package.

    Raises
    ------
    UserError
        If neither file is there or the file is no such table.
    """
    path = _locate(name, root)
    frame = _read(path)
    flagged = frame["flag"].fillna("").astype(str)
    notes = tuple(
        f"{name}: {count} flagged rows left out: {reason}"
        for reason, count in flagged[flagged != ""].value_counts().sort_index().items()
    )
    frame = frame.assign(row=range(1, len(frame) + 1))
    frame = frame[(flagged == "").to_numpy()].reset_index(drop=True)
    return Dataset(name, frame, PROTOTYPE[name], {path.name: sha256(path)}, notes)


def _locate(name: str, root: Path) -> Path:
    path = versioned(root, f"{name}.parquet")
    if path is not None:
        return path
    own = root / "data" / f"{name}.parquet"
    prototype = PROTOTYPE[name]
    raise UserError(
        f"data set {name} is not there: no file {own}; run `dvc pull`, or make it with "
        f"`cetransfer data label prototype={prototype}`"
    )


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise UserError(
            f"{path} is no readable parquet file; run `dvc checkout` or make it again"
        ) from error
    if "flag" not in frame:
        raise UserError(f"{path} has no column flag; run `dvc checkout` or make it again")
    return frame
