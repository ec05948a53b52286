"""Sites that several elements share: their features are means, so the first layer is a sum.

Center-Environment features are linear in the properties of the elements. Where elements share a
site to equal parts, the features are those of the mean properties, whatever their order on the
sites, as long as the lattice stays that of the prototype. What a network's first layer makes of
them before its activation is then a sum of one term for each element on each site, and all those
terms are small tables: millions of compounds need additions there and no features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cetransfer.errors import UserError
from cetransfer.models.applicability import words_of
from cetransfer.models.intervals import estimated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.models.applicability import Known
    from cetransfer.models.intervals import Calibration
    from cetransfer.models.model import Model
    from cetransfer.structures.prototypes import Prototype
    from cetransfer.transfer.reference import Reference

Number = TypeVar("Number", np.float32, np.float64)

CATIONS = ("A", "B")

AT_A_TIME = 2048
"""Compounds that pass through the layers together: what a core's cache holds."""

Ways = Mapping[str, Sequence[tuple[str, ...]]]
"""For A and B, the ways to fill the site: elements in equal parts."""

Codes = Mapping[str, "NDArray[np.integer]"]
"""For A and B, (n,) which way each compound has."""


@dataclass(frozen=True)
class Layer:
    """A further layer of M networks: weight (M, in, out), bias (M, 1, out), float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class SharedSites:
    """The networks of a model on the cation sites of its prototype, A and B; plain arrays.

    Parameters
    ----------
    elements
        E symbols that can stand on a site.
    terms
        For A and B, what an element adds to the first layer before its activation (M, E, h).
    constant
        What the anion and the bias add to it (M, 1, h).
    layers
        All further ones.
    activation
        Name of it, as `cetransfer.networks.stack.ACTIVATIONS` has it.
    scale, shift
        From the last layer to the label's unit (M,).
    shifts
        What the energy reference adds for an element on A or B (M, E).
    folds
        The members of each fold's ensemble; their mean is the prediction.
    calibration
        Of the intervals; None where the model gives none.
    known
        Where the labelled rows lie.
    features
        For A, B and X (oxygen), the part of the features that an element makes (E, d).
    """

    elements: tuple[str, ...]
    terms: dict[str, NDArray[np.float32]]
    constant: NDArray[np.float32]
    layers: tuple[Layer, ...]
    activation: str
    scale: NDArray[np.float64]
    shift: NDArray[np.float64]
    shifts: NDArray[np.float64]
    folds: tuple[tuple[int, ...], ...]
    calibration: Calibration | None
    known: Known
    features: dict[str, NDArray[np.float64]]

    def of_members(self, ways: Ways, codes: Codes) -> NDArray[np.float64]:
        """Return what every network predicts (M, n), in the label's unit.

        Raises
        ------
        UserError
            If the model cannot describe an element.
        """
        import torch

        from cetransfer.networks.stack import ACTIVATIONS

        first = {
            role: torch.from_numpy(self._mean(self.terms[role], ways[role])) for role in CATIONS
        }
        first["B"] += torch.from_numpy(self.constant)
        code = {role: torch.from_numpy(np.asarray(codes[role], np.int64)) for role in CATIONS}
        activation = ACTIVATIONS[self.activation]
        members, count = len(self.scale), len(code["A"])
        outputs = torch.empty(members, count)
        with torch.inference_mode():
            for member in range(members):
                of_a, of_b = (first[role][member] for role in CATIONS)
                layers = [
                    (torch.from_numpy(layer.bias[member]), torch.from_numpy(layer.weight[member]))
                    for layer in self.layers
                ]
                for start in range(0, count, AT_A_TIME):
                    some = slice(start, start + AT_A_TIME)
                    hidden = of_a[code["A"][some]] + of_b[code["B"][some]]
                    for bias, weight in layers:
                        hidden = torch.addmm(bias, activation(hidden), weight)
                    outputs[member, some] = hidden[:, 0]
        shifts = [self._mean(self.shifts, ways[role])[:, codes[role]] for role in CATIONS]
        predicted: NDArray[np.float64] = (
            outputs.numpy() * self.scale[:, None] + self.shift[:, None] + shifts[0] + shifts[1]
        )
        return predicted

    def estimate(
        self, ways: Ways, codes: Codes
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return predictions and the limits of their intervals (n,), NaN where there are none.

        As `Model.estimate`.
        """
        predicted = self.of_members(ways, codes)
        return estimated(predicted, dict(enumerate(self.folds)), self.calibration)

    def applicability(self, ways: Ways, codes: Codes) -> NDArray[np.str_]:
        """Return one word for each compound, as `Known.applicability` does."""
        seen = np.ones(len(codes["A"]), bool)
        for role in CATIONS:
            there = set(self.known.elements.get(role, ()))
            seen &= np.array([there.issuperset(way) for way in ways[role]])[codes[role]]
        oxygen = self.features["X"][self.elements.index("O")]
        parts = [self._mean(self.features[role][None], ways[role])[0] for role in CATIONS]
        inside = np.empty(len(seen), bool)
        for start in range(0, len(seen), AT_A_TIME):
            some = slice(start, start + AT_A_TIME)
            of_a, of_b = (
                part[codes[role][some]] for part, role in zip(parts, CATIONS, strict=True)
            )
            values = (of_a + of_b + oxygen).astype(np.float32)
            inside[some] = ((values >= self.known.low) & (values <= self.known.high)).all(axis=1)
        return words_of(seen, inside)

    def _mean(self, terms: NDArray[Number], ways: Sequence[tuple[str, ...]]) -> NDArray[Number]:
        """Return the mean (M, ways, h) of terms (M, E, h), or (M, ways) of (M, E)."""
        place: dict[str, int] = {each: code for code, each in enumerate(self.elements)}
        unknown = sorted({each for way in ways for each in way} - set(place))
        if unknown:
            raise UserError(
                f"element {unknown[0]} has no properties in the table that the model describes "
                "elements by; leave it out of space.elements"
            )
        found = [terms[:, [place[each] for each in way]].mean(axis=1) for way in ways]
        return np.stack(found, axis=1).astype(terms.dtype)


def shared_sites(model: Model) -> SharedSites:
    """Return a model's networks for sites that elements share.

    Raises
    ------
    UserError
        If the model looks at more than its own features of one order of A and B.
    """
    from cetransfer.features.grid import role_weights
    from cetransfer.features.tables import load_table

    prototype = _require_shareable(model)
    kind, nets, folds = model.kind, *model.ensemble
    table = load_table(kind.features.table)
    weights = role_weights(prototype, kind.roles, kind.features)
    stack = nets.stack
    first, *others = stack.linear_layers()
    scale = stack.x_scale.double().numpy()
    weight = first.weight.detach().double().numpy()

    def alone(role: str) -> NDArray[np.float64]:
        """Return the part of the features (E, d) that an element makes on a site."""
        of_role = weights[:, kind.roles.index(role)]
        return np.kron(of_role, table.values).astype(np.float64)

    def through(features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what features (n, d) add to the first layer of each member (M, n, h)."""
        return np.asarray((features / scale) @ weight)

    oxygen = alone("X")[[table.elements.index("O")]]
    constant = through(oxygen - stack.x_mean.double().numpy())
    shifts, shift = _shifts(nets.reference, table.elements, stack.members)
    return SharedSites(
        elements=table.elements,
        terms={role: through(alone(role)).astype(np.float32) for role in CATIONS},
        constant=(constant + first.bias.detach().double().numpy()).astype(np.float32),
        layers=tuple(
            Layer(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in others
        ),
        activation=stack.settings.activation,
        scale=stack.y_scale[:, 0].double().numpy(),
        shift=stack.y_mean[:, 0].double().numpy() + shift,
        shifts=shifts,
        folds=tuple(tuple(own) for own in folds.values()),
        calibration=model.calibration,
        known=model.known,
        features={role: alone(role) for role in kind.roles},
    )


def _require_shareable(model: Model) -> Prototype:
    kind, strategy = model.kind, model.nets.strategy
    remedy = (
        "give a model of target_only, fine_tune or freeze, trained on compositions with the sites "
        "A, B and X"
    )
    if kind.prototype is None or kind.from_structures:
        raise UserError(f"model {model.id} takes structures, which are not known here; {remedy}")
    if set(kind.roles) != {"A", "B", "X"}:
        raise UserError(f"model {model.id} takes the sites {', '.join(kind.roles)}; {remedy}")
    beyond = strategy.source_as_input or strategy.learns_residual or kind.both_orders
    if model.nets.kernels or beyond:
        raise UserError(
            f"model {model.id} is one of {strategy.name}, which looks at more than the features of "
            f"a compound; elements that share a site have no more; {remedy}"
        )
    return kind.prototype


def _shifts(
    reference: Reference | None, elements: tuple[str, ...], members: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the energy reference adds for each element (M, E), and for the rest (M,)."""
    shifts = np.zeros((members, len(elements)))
    if reference is None:
        return shifts, np.zeros(members)
    for column, element in enumerate(reference.elements):
        shifts[:, elements.index(element)] = reference.shifts[:, column]
    oxygen: NDArray[np.float64] = shifts[:, elements.index("O")]
    return shifts, reference.constant + oxygen
