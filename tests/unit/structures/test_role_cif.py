from __future__ import annotations

import random
import re

import pytest

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import prototype_named

HOW = "write the role of each site"


def refused(path):
    with pytest.raises(UserError) as caught:
        prototype_named(str(path))
    message = str(caught.value)
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        # labels
        ("B1 Ti", "Ti1 Ti", (r"labels \(A1, Ti1, X1\) are not all roles", HOW)),
        ("A1 Fe", "B2 Fe", (r"labels \(B2, B1, X1\) lack A or X", HOW)),
        ("B1 Ti", "C1 Ti", ("site C but no B",)),
        ("_atom_site_label", "_atom_site_name", ("no sites with an _atom_site_label", HOW)),
        ("A1 Fe", "a1 Fe", ("are not all roles",)),
        # sites
        ("0.14640 1", "0.14640 0.5", ("site B1 has the occupancy 0.5", "full sites only")),
        ("0.31743 0.02332", "? 0.02332", (r"site X1: _atom_site_fract_x is '\?'",)),
        ("0.31743 0.02332", "nan 0.02332", ("site X1: _atom_site_fract_x is 'nan'",)),
        ("0.31743 0.02332", "3174 0.02332", ("from -100 to 100",)),
        ("_atom_site_fract_y", "_atom_site_Cartn_y", ("_atom_site_fract_y is missing",)),
        ("B1 Ti 0 0 0.14640", "B1 Ti 0 0 0.35537", ("two of them are in one place",)),
        ("B1 Ti 0 0 0.14640", "B1 Ti 0 0 0.37", ("closer than 0.5 angstrom",)),
        # cell and symmetry
        ("_cell_length_c 14.0855", "_cell_length_c ?", (r"_cell_length_c is '\?'",)),
        ("_cell_length_c 14.0855", "", ("_cell_length_c is missing",)),
        ("_cell_length_c 14.0855", "_cell_length_c 0.1", ("from 1 to 200",)),
        ("_cell_angle_gamma 120", "_cell_angle_gamma 90", ("symmetry operations", "setting")),
        ("'R -3'", "'Q -3'", ("no known space group", "'P 1'")),
        ("'R -3'", "'F d -3 m'", ("two origin choices", ":2'")),
        ("_symmetry_space_group_name_H-M 'R -3'", "", ("names no space group", "'P 1'")),
        (
            "_symmetry_space_group_name_H-M 'R -3'",
            "loop_\n_symmetry_equiv_pos_as_xyz\n'nonsense'\n'rubbish'",
            ("_symmetry_equiv_pos_as_xyz: 'nonsense' is no operation",),
        ),
    ],
)
def test_what_is_wrong_is_named_in_one_line(cif, cifs, old, new, words):
    text = cifs["my_ilmenite"]
    assert text.count(old) == 1
    message = refused(cif(text.replace(old, new)))
    for word in words:
        assert re.search(word, message), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "the file is empty"),
        (b"  \n\n", "the file is empty"),
        (b"PK\x03\x04\x14\x00\x00\x00\xff\xfe", "line 1 is no UTF-8 text"),
        ("data_x\n_author 'Müller'\n".encode("latin-1"), "line 2 is no UTF-8 text"),
        (b"formula,energy\nSrTiO3,-3\n", "no sites with an _atom_site_label"),
        (b"data_x\nloop_\n_atom_site_label\n_atom_site_fract_x\nA1\n", "no readable CIF"),
        (b"#" * 1_000_001, "1000001 bytes are no CIF of one small cell"),
    ],
)
def test_files_that_are_no_cif_are_named(cif, content, word):
    assert word in refused(cif(content))


def test_a_missing_file_is_named(tmp_path):
    assert "No such file" in refused(tmp_path / "my.cif")


def test_two_crystals_are_refused(cif, cifs):
    both = cifs["my_ilmenite"] + cifs["my_perovskite"]
    assert "2 lists of sites" in refused(cif(both))


def test_another_block_without_sites_does_no_harm(cif, cifs):
    text = "data_global\n_journal_name_full 'Am. Mineral.'\n\n" + cifs["my_ilmenite"]
    assert prototype_named(str(cif(text))).formula_template == "ABO3"


def test_huge_cells_are_refused(cif, cifs):
    lone = cifs["my_perovskite"].replace("P m -3 m", "P 1")
    many = "".join(f"X{i} O {i / 900:.5f} 0.3 0.7 1\n" for i in range(900))
    assert "903 sites listed; a prototype has 200 at most" in refused(cif(lone + many))
    wide = lone.replace("3.905", "39.05").replace("_symmetry", "_symmetry", 1)
    some = "".join(f"X{i} O {i / 300:.5f} {i * i % 300 / 300:.5f} 0.7 1\n" for i in range(300))
    assert "303 sites in its primitive cell" in refused(cif(wide + some))


MUTATIONS = 100


def mutated(text, source):
    """Change, drop, double or exchange some characters, words or lines."""
    for _ in range(source.randint(1, 3)):
        kind = source.randrange(6)
        at = source.randrange(len(text))
        lines = text.split("\n")
        row = source.randrange(len(lines))
        if kind == 0:
            text = text[:at] + source.choice("0.'\"_;#?xyzABX\n -\t\x00é") + text[at + 1 :]
        elif kind == 1:
            text = text[:at] + text[at + source.randint(1, 30) :]
        elif kind == 2:
            text = "\n".join(lines[:row] + lines[row + 1 :])
        elif kind == 3:
            text = "\n".join([*lines[:row], lines[row], *lines[row:]])
        elif kind == 4:
            words = lines[row].split()
            source.shuffle(words)
            text = "\n".join([*lines[:row], " ".join(words), *lines[row + 1 :]])
        else:
            text = text[:at]
        text = text or "\n"
    return text


@pytest.mark.parametrize("name", ["my_perovskite", "my_ilmenite", "my_corundum", "my_spinel"])
def test_mutated_files_are_read_or_refused_in_one_line(cif, cifs, name):
    source = random.Random(name)  # noqa: S311 - the same mutations every time
    refusals = []
    for _ in range(MUTATIONS):
        path = cif(mutated(cifs[name], source))
        try:
            found = prototype_named(str(path))
        except UserError as error:
            refusals.append(str(error))
        else:
            assert {"A", "X"} <= set(found.site_roles)
            assert len(found.cell()[1]) == len(found.site_roles) <= 200
    assert 0 < len(refusals) < MUTATIONS
    assert all(re.fullmatch(r"prototype .*my.cif: .{15,}", line) for line in refusals)
