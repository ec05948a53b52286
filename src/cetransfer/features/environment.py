"""Center-Environment features of any structure whose sites have roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.features.schema import feature_schema
from cetransfer.features.tables import load_table
from cetransfer.features.variants import CENTRES, VARIANTS, variant_named
from cetransfer.structures.shells import neighbour_shells
from cetransfer.structures.sites import site_elements, site_roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from cetransfer.features.variants import Variant
    from cetransfer.settings import FeatureSettings


def featurize(
    structures: Sequence[Structure],
    settings: FeatureSettings,
    names: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Compute Center-Environment features of structures.

    For a centre site s with neighbours j in the first n shells::

        C = p(Z_s)
        E = sum_j w_j p(Z_j),  w_j = d_j**-k / sum_j d_j**-k

    (Li et al., npj Comput. Mater. 9:106 (2023), doi 10.1038/s41524-023-01068-7, where k = 1.)

    Parameters
    ----------
    structures
        Each with the site property ``role``; A and B may be the same element.
    settings
        Variant, number of shells n, exponent k, shell tolerance (angstrom), property table.
    names
        What to call each structure in a message; its number and formula by default.

    Returns
    -------
    float64 array (n_structures, width)
        Columns as in `cetransfer.features.schema.feature_schema`.

    Raises
    ------
    UserError
        If a setting is wrong, or naming the structure that has no roles, lacks a role the variant
        needs, has coincident or disordered sites or an element without properties.
    """
    schema = feature_schema(settings)
    variant, table = variant_named(schema.variant), load_table(schema.table)
    combination = variant.combination()
    combination = combination.reshape(len(combination), -1)
    features = np.empty((len(structures), schema.width))
    for number, structure in enumerate(structures):
        try:
            rows = table.positions(site_elements(structure), lambda site: f"site {site}")
            terms = term_weights(structure, variant, settings)
        except UserError as error:
            name = f"structure {number + 1} ({structure.composition.formula})"
            raise UserError(f"{names[number] if names else name}: {error}") from error
        site_weights = combination @ terms.reshape(-1, len(structure))
        features[number] = (site_weights @ table.values[rows]).ravel()
    return features


def term_weights(
    structure: Structure, variant: Variant, settings: FeatureSettings
) -> NDArray[np.float64]:
    """Return how much every site of the structure counts in each term of a variant.

    A role's vector is the mean over all its sites. That equals the mean over its symmetry orbits
    weighted by multiplicity, since the sites of an orbit have equal environments, needs no symmetry
    search and changes smoothly when a distortion splits an orbit.

    Returns
    -------
    float64 array (n_roles, 2, n_sites)
        Second axis: C, E. Sums to 1 over the sites.
    """
    roles = np.array(site_roles(structure))
    weights = np.zeros((len(variant.roles), 2, len(structure)))
    members = [np.flatnonzero(np.isin(roles, CENTRES[role])) for role in variant.roles]
    for role, sites in zip(variant.roles, members, strict=True):
        if not len(sites):
            present = set(roles.tolist())
            fitting = [name for name, one in VARIANTS.items() if present.issuperset(one.roles)]
            raise UserError(
                f"no site has role {role}, which features.variant={variant.name} needs; "
                f"choose features={' or features='.join(fitting) or 'another prototype'}"
            )
    shells = neighbour_shells(
        structure, settings.shells, settings.tolerance, np.concatenate(members).tolist()
    )
    raw = shells.distance**-settings.exponent
    raw /= np.bincount(shells.centre, raw, minlength=len(structure))[shells.centre]
    pair = np.bincount(
        shells.centre * len(structure) + shells.neighbour, raw, minlength=len(structure) ** 2
    ).reshape(len(structure), len(structure))
    for row, sites in enumerate(members):
        weights[row, 0, sites] = 1 / len(sites)
        weights[row, 1] = pair[sites].mean(axis=0)
    return weights
