"""Whose luck is it? Variance of single-net scores due to sources, target seeds and folds.

Member m of fold f starts from source net m with target seed (m + f) mod members, so over a block of
`members` folds every source net meets every target seed and every fold once (a Latin square). Fewer
source nets meet them more often, of more a block has its own; see `splits.make_members`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of a single net's score; they add up to 1.

    Parameters
    ----------
    source
        Which source net it started from.
    target
        The target seed; None where no two nets share one, so that it is part of the residual.
    fold
        Which rows were held out, within a repeat.
    residual
        All that is left: order of batches, dropout, and what the three do together.
    """

    source: float
    target: float | None
    fold: float
    residual: float


@dataclass(frozen=True)
class Effect:
    """One factor of the analysis of variance, adjusted for the others.

    Parameters
    ----------
    square, freedom
        Mean square and its degrees of freedom.
    nets
        k of E[square] = residual + k * component: nets per level where the design is balanced.
    component
        (square - residual) / k, not below 0.
    """

    square: float
    freedom: int
    nets: float
    component: float


@dataclass(frozen=True)
class Luck:
    """Variance components of a single net's score; `target` is None where it is in the residual."""

    source: Effect
    target: Effect | None
    fold: Effect
    residual: float
    residual_freedom: int

    @property
    def shares(self) -> Shares | None:
        """The shares of the components; None where nothing varies."""
        target = 0.0 if self.target is None else self.target.component
        total = self.source.component + target + self.fold.component + self.residual
        if total <= 0.0:
            return None
        return Shares(
            self.source.component / total,
            None if self.target is None else target / total,
            self.fold.component / total,
            self.residual / total,
        )


def luck(
    values: NDArray[np.float64],
    *,
    fold: NDArray[np.int64],
    source: NDArray[np.int64],
    target: NDArray[np.int64],
) -> Luck | None:
    """Return the variance components of values = mean + fold + source + target + residual.

    Each factor's sum of squares is taken over what the other two leave, and set equal to its
    expectation, which holds no component but the factor's own and the residual: E[SS] = tr(Z'QZ)
    component + tr(Q) residual, where Z says which value has which level and Q projects on what the
    factor adds to the others. This is Henderson's method 3 (Henderson, Biometrics 9:226 (1953),
    doi 10.2307/3001853; Searle, Casella & McCulloch, Variance Components (1992), section 5.5),
    which asks for no equal numbers; in a full Latin square it is the usual table, tr(Z'QZ)/tr(Q)
    being the number of nets per level. A negative component is set to 0.

    Parameters
    ----------
    values
        (N,) scores of single nets, or paired differences of them, eV/atom.
    fold, source, target
        (N,) levels; folds and target seeds of other repeats are other levels.

    Returns
    -------
    The components; None where sources and folds leave nothing to measure chance by (fewer than two
    source nets or folds).
    """
    # so that equal values give an exact 0
    values = values - values[0]
    factors = {"source": _levels(source), "fold": _levels(fold), "target": _levels(target)}
    found = _components(values, factors)
    if found is None:
        del factors["target"]
        found = _components(values, factors)
    return found


def _components(
    values: NDArray[np.float64], factors: Mapping[str, NDArray[np.float64]]
) -> Luck | None:
    full = _basis(list(factors.values()))
    freedom = len(values) - full.shape[1]
    if freedom < 1:
        return None
    residual = float(((values - full @ (full.T @ values)) ** 2).sum()) / freedom
    effects = {}
    for name, own in factors.items():
        others = _basis([levels for other, levels in factors.items() if other != name])
        added = full.shape[1] - others.shape[1]
        if added < 1:
            return None
        squares = float(((full.T @ values) ** 2).sum() - ((others.T @ values) ** 2).sum())
        traced = float(((full.T @ own) ** 2).sum() - ((others.T @ own) ** 2).sum())
        square, nets = squares / added, traced / added
        component = max(0.0, (square - residual) / nets)
        effects[name] = Effect(square, added, nets, component)
    return Luck(effects["source"], effects.get("target"), effects["fold"], residual, freedom)


def _levels(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the matrix (N, levels) with a 1 where a value has a level."""
    levels, which = np.unique(values, return_inverse=True)
    return np.eye(len(levels))[which]


def _basis(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return an orthonormal basis of the columns of all parts."""
    left, singular, _ = np.linalg.svd(np.concatenate(parts, axis=1), full_matrices=False)
    basis: NDArray[np.float64] = left[:, singular > 1e-9 * singular[0]]
    return basis


def new_sources_p(
    differences: NDArray[np.float64], test_to_train: float, found: Luck, n_sources: float
) -> float:
    """Return the two-sided p of a mean difference for source nets trained anew.

    All folds share the source nets, so their luck shifts all differences alike and the spread over
    folds does not show it. With c = 1/J + n_test/n_train (`statistics.corrected_t`), s_d^2 the
    variance of the differences, and M_s, M_e the mean squares of source and residual (k nets per
    source) of the crossed single nets,

        SE^2 = c s_d^2 + s_source^2 / n_sources,   s_source^2 = (M_s - M_e) / k,

    with Satterthwaite's degrees of freedom of this sum of mean squares (Biometrics Bull. 2:110
    (1946), doi 10.2307/3002019)

        SE^4 / [(c s_d^2)^2/(J-1) + (M_s/(k n))^2/(M-1) + (M_e/(k n))^2/df_e],   n = n_sources.

    Where s_source^2 is 0 this is the corrected t. It is never below that: a wider question cannot
    be answered more surely, which many degrees of freedom would otherwise feign.

    Parameters
    ----------
    differences
        (J,) differences of the ensembles' scores, one per (repeat, fold).
    test_to_train
        n_test / n_train of one fold.
    found
        Components of the paired differences of single nets.
    n_sources
        Source nets that the mean difference is made of; see `certainty.effective_number`.
    """
    count = len(differences)
    mean = float(differences.mean())
    folds = (1.0 / count + test_to_train) * float(differences.var(ddof=1))
    effect = found.source
    square = folds + effect.component / n_sources
    if square == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    t = abs(mean) / math.sqrt(square)
    alone = math.inf if folds == 0.0 else abs(mean) / math.sqrt(folds)
    p_alone = float(2.0 * stats.t.sf(alone, count - 1))
    if effect.component == 0.0:
        return p_alone
    per_net = effect.nets * n_sources
    freedom = square**2 / (
        folds**2 / (count - 1)
        + (effect.square / per_net) ** 2 / effect.freedom
        + (found.residual / per_net) ** 2 / found.residual_freedom
    )
    return max(p_alone, float(2.0 * stats.t.sf(t, freedom)))
