"""Damaged files never give a traceback: each is read, or refused with a message.

`CETRANSFER_MUTATIONS=5000 pytest -s tests/unit/datasets/test_mutations.py` is the whole proof, 5000
damaged files of every format; the suite itself tries fewer.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
from collections import Counter
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from pymatgen.io.cif import CifWriter
from pymatgen.io.vasp.inputs import Poscar

from cetransfer import progress
from cetransfer.datasets.roles import wanted_by_formula
from cetransfer.datasets.structure_table import read_structures
from cetransfer.datasets.tabular import CACHE, load_tabular
from cetransfer.errors import UserError
from cetransfer.features.environment import featurize
from cetransfer.settings import FeatureSettings, NamedData, TableColumns
from cetransfer.structures.prototypes import PROTOTYPES

TABLE = pd.DataFrame({"formula": ["SrTiO3", "BaHfO3"], "formation_energy": [-3.5, -3.9]})
TRIED = {".csv": 800, ".xlsx": 250, ".parquet": 400, ".cif": 350, ".vasp": 150, ".json": 150}
SETTINGS = FeatureSettings("abx_cecece", 2, 1.0, 0.01, "open")
CELL = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, 3.9)


def valid(suffix, *, symmetric=False):
    """Return the bytes of a good file."""
    stream = io.BytesIO()
    if suffix == ".csv":
        TABLE.to_csv(stream, index=False)
    elif suffix == ".xlsx":
        TABLE.to_excel(stream, index=False)
    elif suffix == ".parquet":
        TABLE.to_parquet(stream)
    elif suffix == ".cif":
        stream.write(str(CifWriter(CELL, symprec=0.01 if symmetric else None)).encode())
    elif suffix == ".vasp":
        stream.write(str(Poscar(CELL)).encode())
    else:
        stream.write(json.dumps(CELL.as_dict()).encode())
    return stream.getvalue()


def mutated(original, dice):
    """Return a damaged copy; of a workbook, every other time, a damaged sheet in a sound zip."""
    if original.startswith(b"PK") and dice.random() < 0.5:
        stream = io.BytesIO()
        with ZipFile(io.BytesIO(original)) as before, ZipFile(stream, "w") as after:
            chosen = dice.choice([name for name in before.namelist() if name.endswith(".xml")])
            for name in before.namelist():
                content = before.read(name)
                after.writestr(name, damaged_bytes(content, dice) if name == chosen else content)
        return stream.getvalue()
    return damaged_bytes(original, dice)


def damaged_bytes(original, dice):
    """Return bytes with some exchanged, lost, added or cut off, or lines lost or twice."""
    content = bytearray(original)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(max(len(content), 1))
        match dice.randrange(10):
            case 0:
                content[place:place] = dice.randbytes(dice.randint(1, 8))
            case 1 | 2:
                del content[place : place + dice.randint(1, 20)]
            case 3 | 4 | 5:
                # printable: still text, and often still a number
                content[place : place + 1] = bytes([dice.randint(32, 126)])
            case 6:
                content[place:place] = dice.choice(
                    [b"0", b"-", b"e9", b"\n", b" ", b"'", b";", b"_"]
                )
            case 7 | 8:
                lines = bytes(content).split(b"\n")
                line = dice.randrange(len(lines))
                lines[line : line + 1] = [] if dice.random() < 0.5 else [lines[line]] * 2
                content = bytearray(b"\n".join(lines))
            case _:
                if dice.random() < 0.5:
                    del content[place:]
    return bytes(content)


def kind_of(message):
    """Return a message without names, numbers and what it quotes."""
    message = re.sub(r"structure my\.\w+: |\S*/\S*|'[^']*'|\([^)]*\)?|[-\d.]+", "", message)
    return " ".join(re.split(r"[;:]|Correct them|, columns", message)[0].split())[:60]


@pytest.fixture
def quiet():
    progress.set_quiet(quiet=True)


def chosen_table(path, **changes):
    return NamedData(
        "tabular",
        path=str(path),
        unit="eV/atom",
        columns=TableColumns("formula", "formation_energy", changes.pop("structure", None)),
        **changes,
    )


def checked(suffix, kinds, number):
    """Print the count per kind of error; no kind is without a message."""
    for kind, count in kinds.most_common():
        print(f"{suffix} {count:5d} {kind}")  # noqa: T201 - what this file is for
    assert sum(kinds.values()) == number
    assert "" not in kinds
    assert len(kinds) > 1


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_mutated_tables_are_read_or_refused_with_a_message(tmp_path, suffix):
    number = int(os.environ.get("CETRANSFER_MUTATIONS", TRIED[suffix]))
    original, path = valid(suffix), tmp_path / f"my{suffix}"
    chosen = chosen_table(path, prototype="perovskite", on_bad_rows="refuse")
    dice, kinds = random.Random(0), Counter()  # noqa: S311 - no secret
    for _ in range(number):
        path.write_bytes(mutated(original, dice))
        try:
            load_tabular(chosen, "dataset.target", tmp_path)
        except UserError as error:
            kinds[kind_of(str(error).split("):", 1)[-1])] += 1
        else:
            kinds["read"] += 1
    checked(suffix, kinds, number)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("suffix", [".cif", ".vasp", ".json"])
def test_mutated_structures_are_read_or_refused_with_a_message(tmp_path, suffix):
    number = int(os.environ.get("CETRANSFER_MUTATIONS", TRIED[suffix]))
    dice = random.Random(0)  # noqa: S311 - no secret
    originals = valid(suffix), valid(suffix, symmetric=True)
    names = [f"{turn}{suffix}" for turn in range(number)]
    for turn, name in enumerate(names):
        (tmp_path / name).write_bytes(mutated(originals[turn % 2], dice))
    table = tmp_path / "my.csv"
    pd.DataFrame({"formula": "SrTiO3", "formation_energy": -3.5, "file": names}).to_csv(table)
    chosen = chosen_table(table, structure="file", on_bad_rows="drop")
    data = load_tabular(chosen, "dataset.target", tmp_path)
    # the same again from the stored parts, for what is wrong with every row
    wanted, _ = wanted_by_formula("SrTiO3")
    read = read_structures(names, [wanted] * number, tmp_path, tmp_path / CACHE)
    assert len(data.frame) <= read.problems.count("")
    assert np.isfinite(featurize(data.structures, SETTINGS)).all()
    checked(
        suffix,
        Counter(kind_of(problem) if problem else "read" for problem in read.problems),
        number,
    )
