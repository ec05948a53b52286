"""How far the numbers of two runs are apart: not at all, or where and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.files import read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

SHOWN = 5
KEYS = (
    *("strategy", "part", "repeat", "fold", "member", "row", "compound", "procedure", "arm"),
    *("outer", "trial", "state", "formula"),
)
TIME = "seconds"
"""A column that is another one each time."""


@dataclass(frozen=True)
class Difference:
    """What two files of numbers differ in.

    Parameters
    ----------
    numbers
        How many were compared.
    other
        How many of them are not equal, bit for bit.
    largest
        The largest difference, in the unit of the numbers.
    where
        The rows of the largest differences.
    """

    numbers: int
    other: int
    largest: float
    where: tuple[str, ...]

    @property
    def words(self) -> str:
        """The outcome in one sentence."""
        if not self.other:
            return f"identical: all {self.numbers} numbers, bit for bit"
        return (
            f"{self.other} of {self.numbers} numbers differ, by at most {self.largest:.3g}: "
            f"{'; '.join(self.where)}"
        )


def difference(old: Path, new: Path, line: str | None = None) -> Difference:
    """Compare two tables of predictions or scores, or two files of weights.

    Parameters
    ----------
    old, new
        Parquet, CSV or safetensors.
    line
        Of a table, the only strategy or baseline to look at.

    Raises
    ------
    UserError
        If a file is missing or damaged, or they do not hold the same rows.
    """
    if not new.is_file():
        raise UserError(f"running it again gave no {new}; run the commands one by one")
    if old.suffix == ".safetensors":
        return _of_weights(old, new)
    one, other = (_table(path, line) for path in (old, new))
    numbers = [
        column
        for column in one.select_dtypes("float").columns
        if column in other and column not in {*KEYS, TIME}
    ]
    keys = [key for key in KEYS if key in one and key in other]
    if not one[keys].equals(other[keys]):
        raise UserError(
            f"{old} has {len(one)} rows and {new} {len(other)}, and they are not the same rows: "
            "other data or another protocol"
        )
    left, right = (table[numbers].to_numpy(np.float64) for table in (one, other))
    names = ["  ".join(f"{key} {value}" for key, value in row.items()) for row in _told(one, keys)]
    return _apart(left, right, names)


def _told(table: pd.DataFrame, keys: list[str]) -> list[dict[str, object]]:
    return [
        {str(key): value for key, value in row.items()} for row in table[keys].to_dict("records")
    ]


def _apart(left: np.ndarray, right: np.ndarray, names: list[str]) -> Difference:
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    gaps = np.where(same, 0.0, np.abs(left - right))
    gaps = np.where(np.isnan(gaps), np.inf, gaps)
    by_row = gaps.reshape(len(gaps), -1).max(axis=1, initial=0.0)
    worst = [int(i) for i in np.argsort(-by_row, kind="stable")[:SHOWN] if by_row[i] > 0]
    return Difference(
        numbers=left.size,
        other=int((~same).sum()),
        largest=float(by_row.max(initial=0.0)),
        where=tuple(f"{names[i]} ({by_row[i]:.3g})" for i in worst),
    )


def _table(path: Path, line: str | None) -> pd.DataFrame:
    import pandas as pd

    if path.suffix == ".csv":
        return pd.read_csv(path, float_precision="round_trip")
    table = read_table(path)
    return table if line is None else table[table["strategy"] == line].reset_index(drop=True)


def _of_weights(old: Path, new: Path) -> Difference:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        one, other = load_file(old), load_file(new)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{old} or {new} holds no readable networks ({error})") from error
    if {key: values.shape for key, values in one.items()} != {
        key: values.shape for key, values in other.items()
    }:
        raise UserError(f"{old} and {new} hold networks of different shapes")
    names = sorted(one)
    left, right = (
        np.concatenate([tensors[name].ravel() for name in names]).astype(np.float64)
        for tensors in (one, other)
    )
    of = [name for name in names for _ in range(one[name].size)]
    return _apart(left[:, None], right[:, None], of)
