"""Limits on a quantity: which values meet a criterion, in words and as the keys that set them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DIGITS = 4
"""Decimals of a value that is proposed."""


@dataclass(frozen=True)
class Limits:
    """``above < value``, ``at_least <= value``, ``value < below``, ``value <= at_most``."""

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which values lie within the limits; NaN does not."""
        met = ~np.isnan(values)
        if self.above is not None:
            met &= values > self.above
        if self.at_least is not None:
            met &= values >= self.at_least
        if self.below is not None:
            met &= values < self.below
        if self.at_most is not None:
            met &= values <= self.at_most
        return met

    @property
    def low(self) -> float:
        """The lower limit, whether itself within or not."""
        return max(-math.inf if each is None else each for each in (self.above, self.at_least))

    @property
    def high(self) -> float:
        """The upper limit, whether itself within or not."""
        return min(math.inf if each is None else each for each in (self.below, self.at_most))

    def words(self, symbol: str) -> str:
        """Return the limits around a symbol: ``"0.7 < t <= 1.1"``."""
        if self.above is not None and self.above == self.low:
            before = f"{self.above:g} < "
        else:
            before = "" if self.at_least is None else f"{self.at_least:g} <= "
        if self.below is not None and self.below == self.high:
            after = f" < {self.below:g}"
        else:
            after = "" if self.at_most is None else f" <= {self.at_most:g}"
        return f"{before}{symbol}{after}"

    def told(self) -> dict[str, float]:
        """Return the limits that are set."""
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) is not None
        }

    def nearest(self, values: NDArray[np.float64]) -> float | None:
        """Return the value that lies nearest to the limits, or within; None without any number."""
        finite = values[np.isfinite(values)]
        if not len(finite):
            return None
        distance = np.maximum(np.maximum(self.low - finite, finite - self.high), 0.0)
        return float(finite[np.argmin(distance)])

    def loosened(self, values: NDArray[np.float64]) -> tuple[float, dict[str, float]] | None:
        """Return the value nearest to the limits, and the limits that would let it pass.

        Parameters
        ----------
        values
            (n,) none of which lies within.

        Returns
        -------
        The value and the limits to change, rounded so that it passes; None without any number.
        """
        nearest = self.nearest(values)
        if nearest is None:
            return None
        step = 10.0**-DIGITS
        down = round(math.floor(nearest / step) * step, DIGITS)
        up = round(math.ceil(nearest / step) * step, DIGITS)
        lower = round(down - step, DIGITS) if down >= nearest else down
        upper = round(up + step, DIGITS) if up <= nearest else up
        change = {}
        if self.above is not None and nearest <= self.above:
            change["above"] = lower
        if self.at_least is not None and nearest < self.at_least:
            change["at_least"] = down
        if self.below is not None and nearest >= self.below:
            change["below"] = upper
        if self.at_most is not None and nearest > self.at_most:
            change["at_most"] = up
        return nearest, change


LIMITS = tuple(each.name for each in fields(Limits))


def limits_from(configured: Mapping[str, Any], where: str) -> Limits:
    """Return the limits among the keys of a criterion.

    Raises
    ------
    UserError
        If one is no finite number, two say the same or no value lies within them.
    """
    found: dict[str, float] = {}
    for key in LIMITS:
        value = configured.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UserError(f"{where}.{key}={value} must be a number, or null for no limit")
        if not math.isfinite(value):
            raise UserError(f"{where}.{key}={value} is not finite; give null for no limit")
        found[key] = float(value)
    limits = Limits(**found)
    open_end = {"above", "below"} & {*found}
    if limits.low > limits.high or (limits.low == limits.high and open_end):
        raise UserError(
            f"{where}: no value meets {limits.words('x')}; set the lower limit below the upper one"
        )
    return limits
