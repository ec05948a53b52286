"""CIF files with site roles."""

from __future__ import annotations

import pytest

HEAD = """data_{name}
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {c}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma {gamma}
_symmetry_space_group_name_H-M '{group}'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
"""

PEROVSKITE = (
    HEAD.format(name="cubic", a=3.905, c=3.905, gamma=90, group="P m -3 m")
    + """A1 Sr 0 0 0 1
B1 Ti 0.5 0.5 0.5 1
X1 O 0.5 0.5 0 1
"""
)

# FeTiO3, Wechsler and Prewitt, Am. Mineral. 69:176, 1984
ILMENITE = (
    HEAD.format(name="ilmenite", a=5.0881, c=14.0932, gamma=120, group="R -3")
    + """A1 Fe 0 0 0.35537 1
B1 Ti 0 0 0.14640 1
X1 O 0.31743 0.02332 0.24506 1
"""
)

# Al2O3, the two halves of the metal's layer kept apart only by their roles
CORUNDUM = (
    HEAD.format(name="corundum", a=4.7602, c=12.9933, gamma=120, group="R -3 c")
    + """A Al 0 0 0.35216 1
X1 O 0.30624 0 0.25 1
"""
)

# MgAl2O4, origin choice 2; one element on all sites, since elements play no part
SPINEL = (
    HEAD.format(name="spinel", a=8.08, c=8.08, gamma=90, group="F d -3 m :2")
    + """A Y 0.125 0.125 0.125 1
B Y 0.5 0.5 0.5 1
X Y 0.2625 0.2625 0.2625 1
"""
)

CIFS = {
    "my_perovskite": PEROVSKITE,
    "my_ilmenite": ILMENITE,
    "my_corundum": CORUNDUM,
    "my_spinel": SPINEL,
}


@pytest.fixture(scope="session")
def cifs():
    """The texts, by name."""
    return CIFS


@pytest.fixture
def cif(tmp_path):
    """Call with one of the names, or a text or bytes, to get the path of the file."""

    def written(content, name="my"):
        if content in CIFS:
            content, name = CIFS[content], content
        path = tmp_path / f"{name}.cif"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written
