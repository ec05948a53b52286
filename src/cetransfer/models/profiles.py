"""Element profiles: what source nets predict for an element beside every partner, on each site.

Two elements of alike profiles do alike in compounds, whatever their properties say. A profile is
reduced to its first principal components (Pearson, doi 10.1080/14786440109462720), each scaled by
the square root of its standard deviation: half way between the components as they are, of which
the first hides the others, and equal weights, which let noise in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import PCA

from cetransfer.errors import UserError
from cetransfer.networks.predict import predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.models.source_nets import SourceNets


def require_pairs(strategy: str, sources: Sequence[Domain], target: Domain) -> None:
    """Refuse data sets whose elements have no profiles.

    Raises
    ------
    UserError
        Naming the data set, if it is not one prototype with A and B and one anion.
    """
    for domain in (*sources, target):
        if domain.pairs is None:
            raise UserError(
                f"strategy {strategy} needs tables of one prototype with the sites A, B and X and "
                f"one anion, and {domain.name} is none; name others with strategy=[...]"
            )


def element_profiles(nets: SourceNets, components: int) -> NDArray[np.float64]:
    """Return the profile of every element in the eyes of each source net (N, e, k).

    Parameters
    ----------
    nets
        N nets for each source, whose pairs have the same e elements.
    components
        k, or as many as there are.
    """
    tables = []
    for source, stack in nets.by_source():
        if source.pairs is None:
            raise ValueError("require_pairs comes before")
        count = len(source.pairs.elements)
        table = predict(stack, source.pairs.features).reshape(-1, count, count)
        tables += [table, table.transpose(0, 2, 1)]
    together = np.concatenate(tables, axis=2).astype(np.float64)
    return np.stack([_reduced(own, components) for own in together])


def _reduced(profiles: NDArray[np.float64], components: int) -> NDArray[np.float64]:
    """Return the scaled components (e, k) of one net's profiles (e, 2 e s) for s sources."""
    count = min(components, len(profiles) - 1)
    scores = PCA(count, svd_solver="full").fit_transform(profiles)
    spread = scores.std(axis=0)
    spread = np.maximum(spread, spread[0] * 1e-6)
    reduced: NDArray[np.float64] = scores / np.sqrt(spread * spread[0])
    return reduced


def profiles_of_rows(
    profiles: NDArray[np.float64], target: Domain, *, exchanged: bool
) -> NDArray[np.float32]:
    """Return the profiles of A and B of every target row (N, n, 2 k).

    Parameters
    ----------
    profiles
        (N, e, k) from `element_profiles`.
    target
        n rows.
    exchanged
        Whether A and B change places.
    """
    if target.pairs is None:
        raise ValueError("require_pairs comes before")
    number = {element: i for i, element in enumerate(target.pairs.elements)}
    sites = ("B", "A") if exchanged else ("A", "B")
    rows = [target.sites[site].map(number).to_numpy(np.int64) for site in sites]
    return np.concatenate([profiles[:, own] for own in rows], axis=2).astype(np.float32)
