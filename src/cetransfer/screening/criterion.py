"""Criteria: a declared quantity of a candidate, and the limits within which it passes."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cetransfer.errors import UserError, nearest
from cetransfer.registry import Registry
from cetransfer.screening.limits import LIMITS, Limits, limits_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence


@dataclass(frozen=True)
class Criterion(ABC):
    """One criterion of a funnel.

    Parameters
    ----------
    name
        Key below `criteria` in the configuration.
    limits
        Within which a value passes.
    """

    #: column of the table of candidates
    column: ClassVar[str]
    #: what stands for the quantity in words and figures
    symbol: ClassVar[str]
    #: "" for a plain number
    unit: ClassVar[str]
    #: where it comes from
    source: ClassVar[str]
    #: fields of `Evidence` that it looks at
    needs: ClassVar[tuple[str, ...]]
    #: prototypes that it is meant for, None for any
    prototypes: ClassVar[tuple[str, ...] | None] = None
    #: whether it has limits, rather than holding or not
    limited: ClassVar[bool] = True

    name: str
    limits: Limits

    @abstractmethod
    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return the quantity of each candidate, NaN where it has none."""

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which values pass."""
        return self.limits.holds(values)

    def energy_window(
        self, evidence: Evidence
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return between which formation energies (eV/atom) it is met; None if of another kind."""
        del evidence
        return None

    def chance(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how probable it is that each candidate meets it: 0 or 1 where nothing is unsure.

        Of a criterion on the formation energy, `cetransfer.screening.probability` works it out.
        """
        return self.holds(values).astype(np.float64)

    @property
    def words(self) -> str:
        """The criterion in one line: ``"0.7 < t <= 1.1"``."""
        return self.limits.words(self.symbol)

    def remedy(self, values: NDArray[np.float64]) -> str:
        """Say what would leave something of candidates none of which passes."""
        found = self.limits.loosened(values)
        if found is None:
            return f"none of them has a value of {self.symbol}; leave the criterion out"
        value, change = found
        unit = f" {self.unit}" if self.unit else ""
        keys = " ".join(f"criteria.{self.name}.{key}={each:g}" for key, each in change.items())
        return f"the nearest has {self.symbol} = {value:.6g}{unit}; {keys} would leave it"


_criteria: Registry[Criterion] = Registry("criterion", "cetransfer.screening.criteria")
register, kinds = _criteria.register, _criteria.kinds


def make_criteria(configured: Mapping[str, Mapping[str, Any]]) -> list[Criterion]:
    """Turn the `criteria` group into objects, in the order given.

    Raises
    ------
    UserError
        If there is none, or as `make_criterion`.
    """
    if not configured:
        raise UserError("there is no criterion; give criteria=[goldschmidt,formation_energy]")
    return [make_criterion(name, fields) for name, fields in configured.items()]


def make_criterion(name: str, configured: Mapping[str, Any]) -> Criterion:
    """Turn what is configured of one criterion into an object.

    Raises
    ------
    UserError
        For an unknown kind, a missing or unknown key, or limits that nothing can meet.
    """
    where = f"criteria.{name}"
    kind = str(configured.get("kind", name))
    known = kinds()
    if kind not in known:
        hint = nearest(kind, known, f"choose one of {', '.join(known)}")
        raise UserError(f"{where}.kind={kind} is unknown; {hint}")
    cls = known[kind]
    own = [each.name for each in dataclasses.fields(cls) if each.name not in {"name", "limits"}]
    allowed = [*own, *(LIMITS if cls.limited else ())]
    for key in configured:
        if key not in {"kind", *allowed}:
            hint = nearest(key, allowed, f"it has {', '.join(allowed)}")
            raise UserError(f"{where}.{key} does not exist for kind {kind}; {hint}")
    for key in own:
        if key not in configured:
            raise UserError(f"{where}.{key} is missing; give it a value")
    limits = limits_from(configured, where)
    return cls(name=name, limits=limits, **{key: configured[key] for key in own})


def require_prototype(criteria: Sequence[Criterion], prototype: str) -> None:
    """Refuse criteria that mean nothing for a prototype.

    Raises
    ------
    UserError
        Naming the first of them and those that may stay.
    """
    fits = [each.prototypes is None or prototype in each.prototypes for each in criteria]
    for each, fitting in zip(criteria, fits, strict=True):
        if not fitting:
            rest = [one.name for one, fine in zip(criteria, fits, strict=True) if fine]
            raise UserError(
                f"{each.name} is a criterion for {' or '.join(each.prototypes or ())}, not for "
                f"{prototype}; give criteria=[{','.join(rest) or 'formation_energy'}]"
            )


def known(values: NDArray[np.float64] | None, what: str) -> NDArray[np.float64]:
    """Return values that a criterion needs.

    Raises
    ------
    ValueError
        If they were not worked out, a mistake of the caller.
    """
    if values is None:
        raise ValueError(f"a criterion needs {what}, which nobody has worked out")
    return values
