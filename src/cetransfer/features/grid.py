"""Center-Environment features of many compositions of one prototype, as one matrix product."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.features.environment import term_weights
from cetransfer.features.schema import feature_schema
from cetransfer.features.tables import load_table
from cetransfer.features.variants import variant_named
from cetransfer.structures.shells import neighbour_shells
from cetransfer.structures.sites import site_roles

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.settings import FeatureSettings
    from cetransfer.structures.prototypes import Prototype

SHORTEST_DISTANCE = 2.0
"""Angstrom between nearest sites of the template, typical of a cation and oxygen.

Normalised weights depend on ratios of distances only; the scale matters for the absolute shell
tolerance alone.
"""

PLACEHOLDERS = {"A": "Li", "B": "Be", "C": "B", "X": "O"}
"""Elements of the template: any would do, only its geometry and roles are used."""


def featurize_grid(
    prototype: Prototype, compositions: pd.DataFrame, settings: FeatureSettings
) -> NDArray[np.float64]:
    """Compute Center-Environment features of compositions in one prototype.

    Equal to `cetransfer.features.environment.featurize` on the structures of the prototype, but the
    weights, which do not depend on the elements, are computed once.

    Parameters
    ----------
    prototype
        With its default internal coordinates.
    compositions
        A column of element symbols for each role of the prototype; ``X`` is oxygen by default.
    settings
        Variant, number of shells, exponent, shell tolerance (angstrom), property table.

    Returns
    -------
    float64 array (n_compositions, width)
        Columns as in `cetransfer.features.schema.feature_schema`.

    Raises
    ------
    UserError
        If a setting is wrong, a column is missing, or naming the row whose element has no
        properties.
    """
    schema = feature_schema(settings)
    table = load_table(schema.table)
    roles = prototype.roles
    owner = partial(_owner, prototype, compositions)
    rows = np.stack(
        [table.positions(_symbols(prototype, compositions, role), owner) for role in roles], axis=1
    )
    weights = role_weights(prototype, roles, settings)
    properties = table.values[rows]  # noqa: PD011 - no pandas here
    return (weights @ properties).reshape(len(rows), schema.width)


def role_weights(
    prototype: Prototype, roles: tuple[str, ...], settings: FeatureSettings
) -> NDArray[np.float64]:
    """Return how much the element of each role counts in each block: (n_blocks, n_roles)."""
    variant = variant_named(settings.variant)
    unit = prototype.structure(PLACEHOLDERS, 10.0)
    shortest = neighbour_shells(unit, 1, settings.tolerance).distance.min()
    template = prototype.structure(PLACEHOLDERS, 10.0 * SHORTEST_DISTANCE / shortest)
    of_site = np.array(site_roles(template))
    site_to_role = (of_site[:, None] == np.array(roles)).astype(np.float64)
    try:
        per_role = term_weights(template, variant, settings) @ site_to_role
    except UserError as error:
        raise UserError(f"prototype {prototype.name}: {error}") from error
    weights: NDArray[np.float64] = np.einsum("brp,rpk->bk", variant.combination(), per_role)
    return weights


def _symbols(prototype: Prototype, compositions: pd.DataFrame, role: str) -> list[str]:
    """Return the element of a role in every row."""
    if role in compositions:
        return compositions[role].astype(str).tolist()
    if role == "X":
        return ["O"] * len(compositions)
    columns = ", ".join(map(str, compositions.columns))
    raise UserError(
        f"compositions of prototype {prototype.name} need a column {role}; columns: {columns}"
    )


def _owner(prototype: Prototype, compositions: pd.DataFrame, row: int) -> str:
    """Name a row by its number, from 1, and its formula."""
    elements = {str(role): str(symbol) for role, symbol in compositions.iloc[row].items()}
    return f"row {row + 1} ({prototype.formula(elements)})"
