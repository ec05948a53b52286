"""Units of energy."""

from __future__ import annotations

KJ_PER_MOL = 96.48533212
"""One eV per particle in kJ/mol: Avogadro's number times the elementary charge (2019 SI)."""
