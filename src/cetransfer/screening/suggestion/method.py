"""A way to choose compounds to label.

A new one is one class in a file in `cetransfer.screening.suggestion.methods`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from cetransfer.errors import UserError, nearest
from cetransfer.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pool:
    """All that a method may look at: no label is in it.

    Parameters
    ----------
    names
        Formulas of the n candidates.
    predicted
        (M, n) what every network predicts for them.
    unit
        Of the predictions.
    places
        (n, d) the candidates as points, see `cetransfer.screening.suggestion.places`.
    known_names, known_places
        The same of the L compounds that have labels.
    """

    names: Sequence[str]
    predicted: NDArray[np.float64]
    unit: str
    places: NDArray[np.float64]
    known_names: Sequence[str]
    known_places: NDArray[np.float64]

    @property
    def spread(self) -> NDArray[np.float64]:
        """Standard deviation (n,) of the networks' predictions; 0 for a single network."""
        wide = self.predicted.shape[0] > 1
        found: NDArray[np.float64] = self.predicted.std(axis=0, ddof=1 if wide else 0)
        return found


@dataclass(frozen=True)
class Pick:
    """A candidate's number in the pool, and why it was chosen, in words."""

    row: int
    why: str


class Method(ABC):
    """Chooses; `words` say how."""

    words: ClassVar[str]

    @abstractmethod
    def choose(self, pool: Pool, count: int, random: np.random.Generator) -> list[Pick]:
        """Return so many different candidates, the first choice first.

        Parameters
        ----------
        pool
            With `count` candidates or more.
        count
            How many are chosen, in the knowledge that all of them will be labelled together.
        random
            For what is left to chance.
        """


_methods: Registry[Method] = Registry("method", "cetransfer.screening.suggestion.methods")
register, kinds = _methods.register, _methods.kinds


def make_method(name: str, key: str = "method") -> Method:
    """Return the method of a name.

    Raises
    ------
    UserError
        If there is none.
    """
    known = kinds()
    if name not in known:
        hint = nearest(name, known, f"choose one of {', '.join(known)}")
        raise UserError(f"{key}={name} is unknown; {hint}")
    return known[name]()
