"""Chance: the control."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cetransfer.screening.suggestion.method import Method, Pick, register

if TYPE_CHECKING:
    import numpy as np

    from cetransfer.screening.suggestion.method import Pool

RANDOM = "random"


@register(RANDOM)
class Chance(Method):
    """What the other methods have to beat."""

    words: ClassVar[str] = "by chance, the control of the other methods"

    def choose(self, pool: Pool, count: int, random: np.random.Generator) -> list[Pick]:
        """Draw without looking."""
        drawn = random.permutation(len(pool.names))[:count]
        return [Pick(int(row), "drawn by chance") for row in drawn]
