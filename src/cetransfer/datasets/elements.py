"""The elements of the data sets."""

from __future__ import annotations

# fmt: off
ELEMENTS_73: tuple[str, ...] = (
    "Ac", "Ag", "Al", "As", "Au", "B", "Ba", "Be", "Bi", "Ca", "Cd", "Ce", "Co", "Cr", "Cs", "Cu",
    "Dy", "Er", "Eu", "Fe", "Ga", "Gd", "Ge", "Hf", "Hg", "Ho", "In", "Ir", "K", "La", "Li", "Lu",
    "Mg", "Mn", "Mo", "Na", "Nb", "Nd", "Ni", "Np", "Os", "Pa", "Pb", "Pd", "Pm", "Pr", "Pt",
    "Pu", "Rb", "Re", "Rh", "Ru", "Sb", "Sc", "Si", "Sm", "Sn", "Sr", "Ta", "Tb", "Tc", "Te",
    "Th", "Ti", "Tl", "Tm", "U", "V", "W", "Y", "Yb", "Zn", "Zr",
)
# fmt: on
"""The 73 elements of Li et al. (2023), doi 10.1038/s41524-023-01068-7, on both cation sites."""
