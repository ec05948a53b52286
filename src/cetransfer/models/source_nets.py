"""Source nets: what every transfer starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cetransfer.models.profiles import Profiles, element_profiles
from cetransfer.models.source_rows import positions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.models.source_rows import SourceRows
    from cetransfer.networks.stack import MlpStack
    from cetransfer.transfer.strategy import Strategy


class StartNets(Protocol):
    """What predicting asks of the source nets."""

    @property
    def start(self) -> MlpStack:
        """The nets that target nets start from, with one head."""

    def profiles(self, components: int) -> Profiles:
        """Return the profiles of elements in the eyes of these nets."""


@dataclass(frozen=True)
class StoredStart:
    """Source nets as far as predicting needs them; `known` are the profiles, if any are needed."""

    start: MlpStack
    known: Profiles | None = None

    def profiles(self, components: int) -> Profiles:
        """Return the profiles that were stored."""
        if self.known is None or self.known.numbers.shape[2] > components:
            raise ValueError("these profiles were not stored")
        return self.known


@dataclass(frozen=True)
class SourceNets:
    """A stack of source nets, the key they are stored under, and what made them.

    Parameters
    ----------
    key
        Of everything that made them.
    stack
        With a head for each of `sources`.
    about
        What is stored beside the weights.
    sources
        What they were trained on, in the order of the heads.
    rows
        For each set of nets, the rows of every source that they were trained on. Nets come in sets
        of equal size, one after the other.
    earlier
        The nets that these started from, in a sequence.
    """

    key: str
    stack: MlpStack
    about: dict[str, Any]
    sources: tuple[Domain, ...]
    rows: tuple[SourceRows, ...]
    earlier: SourceNets | None = None
    _profiles: dict[int, Profiles] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of_stored(
        cls,
        stored: StoredStart,
        sources: tuple[Domain, ...],
        rows: SourceRows,
        strategy: Strategy,
    ) -> SourceNets:
        """Return the nets that a model has kept, to train a strategy of its kind from.

        They have the last head alone, so a strategy that trains on source rows needs others.

        Parameters
        ----------
        stored
            Of the model.
        sources, rows
            What the nets were trained on.
        strategy
            That asks them.
        """
        components = strategy.profile_components
        profiles = {components: stored.profiles(components)} if components else {}
        return cls("", stored.start, {}, sources, (rows,), _profiles=profiles)

    def profiles(self, components: int) -> Profiles:
        """Return the profiles of elements in the eyes of these nets, worked out once."""
        if components not in self._profiles:
            self._profiles[components] = element_profiles(self, components)
        return self._profiles[components]

    @property
    def start(self) -> MlpStack:
        """The nets that target nets start from: the last source's head on the trunk."""
        return self.stack.with_head(self.stack.heads - 1)

    @property
    def stages(self) -> list[SourceNets]:
        """All nets of the sequence, the first ones first."""
        return [*(self.earlier.stages if self.earlier else []), self]

    def by_source(self) -> list[tuple[Domain, MlpStack]]:
        """Return each source with the nets that predict its labels, the first source first."""
        earlier = self.earlier.by_source() if self.earlier else []
        return [
            *earlier,
            *((source, self.stack.with_head(head)) for head, source in enumerate(self.sources)),
        ]

    def rows_of(self, net: int) -> SourceRows:
        """Return the rows of every source that a net was trained on."""
        return self.rows[net * len(self.rows) // self.stack.members]

    def positions_of(self, net: int) -> NDArray[np.int64]:
        """Return these rows as they stand in all sources' features, one below the other."""
        return positions(self.sources, self.rows_of(net))

    def identifier(self, net: int) -> str:
        """Return the name of one net, unique among all that were ever trained."""
        return f"{self.key}/{net}"
