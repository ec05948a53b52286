from __future__ import annotations

import io

import pandas as pd
import pytest

from cetransfer.datasets.table_files import read_user_table
from cetransfer.errors import UserError

TABLE = pd.DataFrame({"formula": ["SrTiO3", "BaHfO3"], "formation_energy": [-3.5, -3.9]})


def written(suffix):
    stream = io.BytesIO()
    if suffix == ".csv":
        TABLE.to_csv(stream, index=False)
    elif suffix == ".xlsx":
        TABLE.to_excel(stream, index=False)
    else:
        TABLE.to_parquet(stream)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_every_format_is_read_and_rows_are_numbered_from_one(tmp_path, suffix):
    path = tmp_path / f"my{suffix}"
    path.write_bytes(written(suffix))
    frame = read_user_table(path)
    assert list(frame["formula"]) == ["SrTiO3", "BaHfO3"]
    assert frame["formation_energy"].astype(float).tolist() == [-3.5, -3.9]
    assert list(frame.index) == [1, 2]


def test_blank_lines_are_skipped_but_counted(tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("\ufeffformula, energy\nMgO,1\n\nCaO,2\n\n", encoding="utf-8")
    frame = read_user_table(path)
    assert list(frame.columns) == ["formula", "energy"]
    assert list(frame.index) == [1, 3]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("my.csv", b"", "empty"),
        ("my.csv", b"\n \n", "empty"),
        ("my.csv", b"formula,energy\n", "no rows"),
        ("my.csv", b"formula;energy\nMgO;1\n", "delimiter"),
        ("my.csv", b"formula\tenergy\nMgO\t1\n", "delimiter"),
        ("my.csv", "formula,énergie\nMgO,1\n".encode("latin-1"), r"line 1.*UTF-8"),
        ("my.csv", b"formula,energy\nMgO,1\nCaO,2,3\n", "row 2 has 3 cells"),
        ("my.csv", b"formula,formula\nMgO,1\n", "occurs twice"),
        ("my.csv", b'formula,energy\n"MgO,1\n', "quotes"),
        ("my.csv", written(".xlsx"), "zip or xlsx"),
        ("my.csv", written(".parquet"), "parquet file, no CSV"),
        ("my.xlsx", b"formula,energy\nMgO,1\n", "no readable workbook"),
        ("my.parquet", b"formula,energy\nMgO,1\n", "no readable parquet"),
        ("my.txt", b"formula,energy\nMgO,1\n", r"ends in .csv, .parquet, .xlsx"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, name, content, word):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=word) as caught:
        read_user_table(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_user_table(tmp_path / "my.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UserError, match="Is a directory"):
        read_user_table(tmp_path / "folder.csv")
