from __future__ import annotations

import json
import re

import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifWriter
from pymatgen.io.vasp.inputs import Poscar

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES
from cetransfer.structures.read import read_structure

CELL = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, 3.9)
CIF = str(CifWriter(CELL))
POSCAR = str(Poscar(CELL))
VASP_4 = re.sub("[A-Z][a-z]?", "", POSCAR.replace("Sr Ti O\n", ""))
NO_OPERATIONS = re.sub(
    r"P 1|_symmetry_Int_Tables_number|_equiv_pos_as_xyz",
    lambda found: {"P 1": "P x"}.get(found[0], "_x"),
    CIF,
)


def as_json(structure=CELL, **changes):
    return json.dumps({**structure.as_dict(), **changes})


@pytest.mark.parametrize("text", [CIF, str(CifWriter(CELL, symprec=0.01)), POSCAR, as_json()])
def test_every_format_gives_the_structure_by_its_content_alone(text):
    found = read_structure(text.encode())
    assert sorted(site.specie.symbol for site in found) == ["O", "O", "O", "Sr", "Ti"]
    assert found.lattice.abc == pytest.approx((3.9, 3.9, 3.9))
    assert found.get_distance(0, 1) == pytest.approx(CELL.get_distance(0, 1), abs=1e-4)


def test_the_cell_is_left_as_it_is_given():
    assert len(read_structure(str(CifWriter(CELL * (2, 2, 1))).encode())) == 20


def test_roles_of_a_json_are_kept():
    found = read_structure(as_json().encode())
    assert found.site_properties["role"] == ["A", "B", "X", "X", "X"]


def test_oxidation_states_are_left_out():
    charged = CELL.copy()
    charged.add_oxidation_state_by_element({"Sr": 2, "Ti": 4, "O": -2})
    for text in (str(CifWriter(charged)), as_json(charged)):
        found = read_structure(text.encode())
        assert {str(site.specie) for site in found} == {"Sr", "Ti", "O"}


def test_a_json_never_makes_the_classes_it_names(tmp_path):
    document = CELL.as_dict()
    trap = {"@module": "os", "@class": "system", "command": f"touch {tmp_path}/here"}
    called = {"@module": "builtins", "@callable": "exec", "@bound": None}
    document["sites"][0]["properties"] = {"role": "A", "trap": trap, "other": called}
    document["lattice"]["@class"] = "Popen"
    document["properties"] = trap
    found = read_structure(json.dumps(document).encode())
    assert list(found.site_properties) == ["role"]
    with pytest.raises(UserError, match="it is no pymatgen Structure"):
        read_structure(json.dumps({**trap, "sites": []}).encode())
    assert not list(tmp_path.iterdir())


def mixed(*species):
    return Structure(Lattice.cubic(4), [*species, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"PK\x03\x04rest", "it is a zip file; unpack it"),
        (b"\x1f\x8brest", "it is a gzip file; unpack it"),
        (CIF.replace("_cell_length_a", "#").encode(), "no readable CIF"),
        (CIF[:200].encode(), "no readable CIF|holds 0 structures"),
        (f"# Müller\n{CIF}".encode("latin-1"), r"not UTF-8 text \(line 1; Latin-1\?\)"),
        (CIF.replace("  Sr  ", "  Xy  ").encode(), "site 'Xy' is no element"),
        (CIF.replace("  Ti  ", "  Ka  ").encode(), "site 'Ka' is no element"),
        (CIF.replace("  Ti  Ti1  1  0.5", "  Ti  Ti1  1  much").encode(), "no readable CIF"),
        (CIF.replace("  O  O4  1", "# O  O4  1").encode(), "do not give its own formula"),
        (f"{CIF}\n{CIF.replace('data_', 'data_b')}".encode(), "it holds 2 structures"),
        (NO_OPERATIONS.encode(), r"space group cannot be read; write its operations"),
        (str(CifWriter(mixed({"Fe": 0.5, "Ni": 0.5}))).encode(), "only fully occupied sites"),
        (str(CifWriter(mixed({"Fe": 0.9}))).encode(), r"holds Fe:0.9\S*; only fully"),
        (CIF.replace("  Sr  ", "  D  ").encode(), "D is deuterium, an isotope; write H"),
        (str(CifWriter(mixed("Fe"))).replace("4.0", "400.0").encode(), "400 .*angstrom thick"),
        (str(CifWriter(mixed("Fe"))).replace("4.0", "0.4").encode(), "0.4 .*angstrom thick"),
        (CIF.replace("0.50000000", "0.05").encode(), "angstrom apart; remove double sites"),
        (VASP_4.encode(), "no readable POSCAR .*cannot be determined"),
        (POSCAR.replace("1 1 3", "1 1 99999999").encode(), "more than 2000 sites"),
        (POSCAR.replace("1 1 3", "1 1 +9_999_999").encode(), "more than 2000 sites"),
        (POSCAR.replace("0.5000000000000000 O", "0.5e9 O").encode(), "far outside of the cell"),
        (POSCAR.replace("1 1 3", "1 1 9").encode(), "no readable POSCAR"),
        (b"see the paper", "it is no CIF, POSCAR or pymatgen JSON"),
        (b"{}", "no readable JSON .'sites'"),
        (b"{broken", "no readable JSON"),
        (b"[" * 100_000, "no readable JSON"),
        (as_json(sites=[]).encode(), "it has 0 sites"),
        (as_json().replace('"Sr"', '"Xy"').encode(), "'Xy' is no element"),
        (as_json().replace('"B"', '"M"').encode(), "role 'M'; allowed on every site: A, B, C, X"),
        (as_json().replace("3.9,", "NaN,").encode(), "no readable JSON|a coordinate is no number"),
    ],
)
def test_what_is_no_structure_is_told_in_one_line(content, word):
    with pytest.raises(UserError, match=word) as caught:
        read_structure(content)
    assert "\n" not in str(caught.value)


def test_the_ending_says_what_a_broken_file_should_be():
    with pytest.raises(UserError, match="no readable CIF"):
        read_structure(b"<html>not found</html>\n", ".cif")
