"""Sites that several elements share: their features are means, so the first layer is a sum.

Center-Environment features are linear in the properties of the elements. Where elements share a
site to equal parts, the features are those of the mean properties, whatever their order on the
sites, as long as the lattice stays that of the prototype. What a network's first layer makes of
them before its activation is then a sum of one term for each element on each site, and all those
terms are small tables: millions of compounds need additions there and no features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.models.intervals import estimated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.models.intervals import Calibration
    from cetransfer.models.model import Model
    from cetransfer.structures.prototypes import Prototype
    from cetransfer.transfer.reference import Reference

AT_A_TIME = 2048
"""Compounds that pass through the further layers together: what a core's cache holds."""


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

    def codes(self, symbols: Sequence[str]) -> NDArray[np.intp]:
        """Return the place of each symbol in `elements`.

        Raises
        ------
        UserError
            If the model cannot describe one.
        """
        place = {element: code for code, element in enumerate(self.elements)}
        unknown = [symbol for symbol in symbols if symbol not in place]
        if unknown:
            raise UserError(
                f"element {unknown[0]} has no properties in the table that the model describes "
                "elements by; leave it out of space.elements"
            )
        return np.array([place[symbol] for symbol in symbols], np.intp)

    def of_members(
        self, on_a: NDArray[np.integer], on_b: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Return what every network predicts for all of `on_a` with all of `on_b`.

        Parameters
        ----------
        on_a, on_b
            (p, k) and (q, l) codes of the elements that share A, and B, to equal parts.

        Returns
        -------
        (M, p q), in the label's unit; the compound of row i of `on_a` and row j of `on_b` stands at
        i q + j.
        """
        import torch

        from cetransfer.networks.stack import ACTIVATIONS

        first = torch.from_numpy(self.terms["A"][:, on_a].mean(axis=2))
        second = torch.from_numpy(self.terms["B"][:, on_b].mean(axis=2) + self.constant)
        activation = ACTIVATIONS[self.activation]
        members, p, q = len(first), len(on_a), len(on_b)
        outputs = torch.empty(members, p, q)
        rows = max(1, AT_A_TIME // q)
        with torch.inference_mode():
            for member in range(members):
                layers = [
                    (torch.from_numpy(layer.bias[member]), torch.from_numpy(layer.weight[member]))
                    for layer in self.layers
                ]
                for start in range(0, p, rows):
                    some = first[member, start : start + rows]
                    hidden = activation((some[:, None] + second[member]).flatten(0, 1))
                    for following, (bias, weight) in enumerate(layers, 1):
                        hidden = torch.addmm(bias, hidden, weight)
                        if following < len(layers):
                            hidden = activation(hidden)
                    outputs[member, start : start + rows] = hidden.reshape(-1, q)
        base = (
            self.shifts[:, on_a].mean(axis=2)[:, :, None]
            + self.shifts[:, on_b].mean(axis=2)[:, None]
            + self.shift[:, None, None]
        )
        predicted: NDArray[np.float64] = base + outputs.numpy() * self.scale[:, None, None]
        return predicted.reshape(members, p * q)

    def estimate(
        self, on_a: NDArray[np.integer], on_b: NDArray[np.integer]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return predictions and the limits of their intervals (p q,), NaN where there are none.

        Arguments and order as `of_members`; what is predicted, as `Model.estimate`.
        """
        predicted = self.of_members(on_a, on_b)
        return estimated(predicted, dict(enumerate(self.folds)), self.calibration)


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
        """Return the part of the features (E, d) that an element on a site makes."""
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
        terms={role: through(alone(role)).astype(np.float32) for role in "AB"},
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
