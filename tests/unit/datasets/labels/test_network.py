"""Energies of the reduced graphs against those of the package for whole cells."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pymatgen.core import Element, Structure

from cetransfer.datasets.labels import network
from cetransfer.datasets.labels.internal import Relaxation
from cetransfer.datasets.labels.references import (
    elemental_cells,
    elemental_references,
    oxygen_molecule,
)
from cetransfer.datasets.labels.scan import graph_for
from cetransfer.datasets.labels.settings import SCAN_RANGES, LabelSettings
from cetransfer.datasets.labels.worker import label_row
from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES

pytest.importorskip("chgnet")


@pytest.fixture(scope="module")
def calculator():
    return network.Calculator()


@pytest.fixture(scope="module")
def networks(calculator):
    """Ours on reduced graphs and the package's own on whole cells."""
    from chgnet.model.model import CHGNet

    with contextlib.redirect_stdout(io.StringIO()):
        return calculator, CHGNet.load(use_device="cpu", verbose=False)


@pytest.mark.parametrize(
    ("name", "cations", "lattice_constant", "parameters"),
    [
        ("perovskite", "Sr Ti", 3.93, {}),
        ("perovskite", "Y Y", 4.25, {}),
        ("perovskite", "Cs Ba", 5.9, {}),
        ("perovskite", "Be B", 3.1, {}),
        ("spinel", "Mg Al", 8.15, {}),
        ("spinel", "Fe Fe", 8.4, {"u": 0.2550}),
        ("spinel", "Cs Ba", 11.5, {"u": 0.2725}),
    ],
)
def test_reduced_energy_is_the_energy_of_the_cell(
    networks, name, cations, lattice_constant, parameters
):
    calculator, package = networks
    prototype = PROTOTYPES[name]
    elements = dict(zip("ABX", [*cations.split(), "O"], strict=True))
    kinds = tuple("ABX".index(role) for role in prototype.site_roles)
    graph = graph_for(calculator, prototype.cell(**parameters), kinds, SCAN_RANGES[name][0])
    numbers = np.array([[Element(elements[role]).Z for role in "ABX"]])
    ours = calculator.energies(graph, numbers, np.array([lattice_constant]))[0]
    structure = prototype.structure(elements, lattice_constant, **parameters)
    theirs = package.predict_structure(structure, task="e")["e"]
    assert ours == pytest.approx(float(theirs), abs=1e-5)  # the package works in single precision


@pytest.mark.parametrize(
    ("structure", "element", "a"),
    [("hcp", "Mg", 3.2), ("alpha boron", "B", 4.9), ("grey arsenic", "As", 3.8)],
)
def test_reduced_energy_of_elements(networks, structure, element, a):
    calculator, package = networks
    lattice, coordinates = elemental_cells()[structure]
    n_atoms = len(coordinates)
    graph = graph_for(calculator, (lattice, coordinates), (0,) * n_atoms, a)
    ours = calculator.energies(graph, np.array([[Element(element).Z]]), np.array([a]))[0]
    cell = Structure(lattice * a, [element] * n_atoms, coordinates)
    theirs = package.predict_structure(cell, task="e")["e"]
    assert ours == pytest.approx(float(theirs), abs=1e-5)


def test_batches_do_not_change_energies(calculator, monkeypatch):
    prototype = PROTOTYPES["perovskite"]
    graph = graph_for(calculator, prototype.cell(), (0, 1, 2, 2, 2), 3.0)
    lattice_constants = np.linspace(5.5, 3.5, 7)
    numbers = np.array([[38, 22, 8]]).repeat(7, axis=0)
    whole = calculator.energies(graph, numbers, lattice_constants)
    monkeypatch.setattr(network, "BATCH", 2)
    np.testing.assert_allclose(
        calculator.energies(graph, numbers, lattice_constants), whole, atol=1e-11
    )


def test_known_oxides():
    perovskite = label_row(LabelSettings(PROTOTYPES["perovskite"], ("Ti",)), "Sr").iloc[0]
    assert perovskite["formula"] == "SrTiO3"
    assert perovskite["lattice_constant"] == pytest.approx(3.94, abs=0.03)  # PBE, experiment 3.905
    assert perovskite["bulk_modulus_gpa"] == pytest.approx(170, abs=20)  # experiment 174
    assert perovskite["flag"] == ""
    spinel = label_row(LabelSettings(PROTOTYPES["spinel"], ("Al",)), "Mg").iloc[0]
    assert spinel["lattice_constant"] == pytest.approx(8.16, abs=0.06)  # PBE, experiment 8.08
    assert spinel["u"] == pytest.approx(0.263, abs=0.003)  # experiment 0.2624
    assert spinel["flag"] == ""


def test_grossular_comes_out_as_measured(calculator):
    prototype = PROTOTYPES["garnet"]
    found, internal = Relaxation(calculator, prototype, SCAN_RANGES["garnet"]).run(
        np.array([[Element(name).Z for name in ("Ca", "Al", "Si", "O")]])
    )
    assert found.flag == [""]
    assert found.lattice_constant[0] == pytest.approx(11.845, rel=0.02)  # Novak and Gibbs, 1971
    for name, measured in {"x": 0.0381, "y": 0.0449, "z": 0.6514}.items():
        assert internal[name][0] == pytest.approx(measured, abs=0.002)


def test_references_are_bound_and_near_experiment(calculator):
    table = elemental_references(calculator, ["Cs", "Si", "Cu", "B", "W"]).set_index("element")
    assert table["lattice"]["Si"] == "diamond"
    assert table["lattice"]["B"] == "alpha boron"
    assert table["lattice"]["W"] == "bcc"
    assert table["lattice_constant"]["Si"] == pytest.approx(5.43, abs=0.06)
    # Materials Project: Cs -0.86, Cu -4.10, Si -5.42, W -12.96 eV/atom
    expected = {"Cs": -0.86, "Cu": -4.10, "Si": -5.42, "W": -12.96}
    for element, energy in expected.items():
        assert table["total_energy"][element] == pytest.approx(energy, abs=0.25)
    assert (table["flag"] == "").all()


def test_oxygen_is_a_molecule(calculator):
    length, energy, flag = oxygen_molecule(calculator)
    assert length == pytest.approx(1.22, abs=0.03)
    assert energy == pytest.approx(-4.9, abs=0.15)
    assert flag == ""


def test_missing_package_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(network, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match=r"pip install 'cetransfer\[label\]'"):
        network.require_chgnet()
