"""Element profiles: what source nets predict for an element beside every partner, on each site.

Two elements of alike profiles do alike in compounds, whatever their properties say. A profile is
reduced to its first principal components (Pearson, doi 10.1080/14786440109462720), each scaled by
the square root of its standard deviation: half way between the components as they are, of which
the first hides the others, and equal weights, which let noise in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.networks.predict import predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Compounds, Domain
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


@dataclass(frozen=True)
class Profiles:
    """The profiles (N, e, k) of e elements in the eyes of N source nets."""

    elements: tuple[str, ...]
    numbers: NDArray[np.float64]

    def of_rows(self, target: Compounds, *, exchanged: bool) -> NDArray[np.float32]:
        """Return the profiles of A and B of every row (N, n, 2 k).

        Parameters
        ----------
        target
            n rows.
        exchanged
            Whether A and B change places.

        Raises
        ------
        UserError
            If an element has no profile.
        """
        number = {element: i for i, element in enumerate(self.elements)}
        sites = ("B", "A") if exchanged else ("A", "B")
        found = []
        for site in sites:
            column = target.sites[site]
            unknown = column[~column.isin(self.elements)]
            if len(unknown):
                raise UserError(
                    f"element {unknown.iloc[0]} stands in no row of the data that the strategy "
                    "describes elements by; leave its compounds out"
                )
            found.append(self.numbers[:, column.map(number).to_numpy(np.int64)])
        return np.concatenate(found, axis=2).astype(np.float32)


def element_profiles(nets: SourceNets, components: int) -> Profiles:
    """Return the profile of every element in the eyes of each source net.

    Parameters
    ----------
    nets
        N nets for each source, whose pairs have the same e elements.
    components
        k, or as many as there are.
    """
    tables = []
    elements: tuple[str, ...] = ()
    for source, stack in nets.by_source():
        if source.pairs is None:
            raise ValueError("require_pairs comes before")
        elements = source.pairs.elements
        count = len(source.pairs.elements)
        table = predict(stack, source.pairs.features).reshape(-1, count, count)
        tables += [table, table.transpose(0, 2, 1)]
    together = np.concatenate(tables, axis=2).astype(np.float64)
    return Profiles(elements, np.stack([_reduced(own, components) for own in together]))


def _reduced(profiles: NDArray[np.float64], components: int) -> NDArray[np.float64]:
    """Return the scaled components (e, k) of one net's profiles (e, 2 e s) for s sources."""
    # late, as predicting reads profiles but makes none, and this import takes a second
    from sklearn.decomposition import PCA

    count = min(components, len(profiles) - 1)
    scores = PCA(count, svd_solver="full").fit_transform(profiles)
    spread = scores.std(axis=0)
    spread = np.maximum(spread, spread[0] * 1e-6)
    reduced: NDArray[np.float64] = scores / np.sqrt(spread * spread[0])
    return reduced
