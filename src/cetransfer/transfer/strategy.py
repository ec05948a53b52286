"""A strategy: a declared way to get a target model from a source model.

A new strategy is one class in a file in `cetransfer.transfer.strategies` and one YAML file in
`conf/strategy`.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from cetransfer.errors import UserError, nearest
from cetransfer.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class LayerPlan:
    """What becomes of one layer.

    Parameters
    ----------
    layer
        Its number, from the input.
    origin
        Where its start comes from: ``"source"`` or ``"random"``.
    trained
        Whether it is trained.
    rate
        Factor on the strategy's learning rate.
    after
        Share of the optimiser steps before which it is not trained.
    """

    layer: int
    origin: str
    trained: bool
    rate: float = 1.0
    after: float = 0.0


@dataclass(frozen=True)
class Strategy:
    """What is copied from the source net, what is trained, and what else the source gives.

    The class attributes declare what the training does; a strategy holds no code of its own beyond
    its plan.
    """

    name: str
    #: does it need source nets
    uses_source: ClassVar[bool] = True
    #: is the network trained on target rows
    trains: ClassVar[bool] = True
    #: is anything learnt from target rows, by the network or a kernel method
    learns_target: ClassVar[bool] = True
    #: are the source net's predictions, for both site orders, further inputs
    source_as_input: ClassVar[bool] = False
    #: does the network learn what the source net's prediction leaves
    learns_residual: ClassVar[bool] = False
    #: does every batch hold as many source rows, learnt by a head of their own
    with_source_rows: ClassVar[bool] = False
    #: how several sources are used, whatever the data set group says
    pretrain: ClassVar[str | None] = None
    #: what the user should know beyond the plan, in a few words
    further: ClassVar[str] = ""

    @property
    def profile_components(self) -> int:
        """How many numbers describe each element on A and B as further inputs, 0 for none."""
        return 0

    @property
    def kernel_model(self) -> str:
        """Which kernel method stands in the place of the output layer or network, "" for none."""
        return ""

    @property
    def asks_source(self) -> bool:
        """Whether the source nets are asked about every new compound."""
        return self.source_as_input or self.learns_residual or self.profile_components > 0

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return one entry per layer, from the input to the output.

        Raises
        ------
        UserError
            If the strategy does not fit a network of so many layers.
        """
        return [LayerPlan(layer, "source", trained=self.trains) for layer in range(layers)]


@dataclass(frozen=True)
class Trained(Strategy):
    """A strategy that trains the network: `learning_rate` is the peak of the one-cycle schedule."""

    learning_rate: float


_strategies: Registry[Strategy] = Registry("strategy", "cetransfer.transfer.strategies")
register, kinds = _strategies.register, _strategies.kinds


def from_scratch(layers: int) -> list[LayerPlan]:
    """Return the plan of a network that copies nothing."""
    return [LayerPlan(layer, "random", trained=True) for layer in range(layers)]


def copies(plan: list[LayerPlan]) -> bool:
    """Tell whether a plan takes any layer from the source net."""
    return any(layer.origin == "source" for layer in plan)


def make_strategies(configured: Mapping[str, Mapping[str, Any]]) -> list[Strategy]:
    """Turn the `strategy` group into objects, in the order given.

    Raises
    ------
    UserError
        For an unknown kind, a missing or unknown key, a value of the wrong type, or when
        `target_only` is not among them: every gain is measured against it.
    """
    strategies = [make_strategy(name, fields) for name, fields in configured.items()]
    if not any(isinstance(strategy, kinds()["target_only"]) for strategy in strategies):
        raise UserError(
            "no strategy of kind target_only was chosen, and gains are measured against it; "
            "add target_only to strategy=[...]"
        )
    return strategies


def make_plans(
    configured: Mapping[str, Mapping[str, Any]], layers: int
) -> dict[str, list[LayerPlan]]:
    """Return what each configured strategy does to every layer, by the strategy's name.

    Raises
    ------
    UserError
        As `make_strategies`, or if a strategy does not fit a network of so many layers.
    """
    return {strategy.name: strategy.plan(layers) for strategy in make_strategies(configured)}


def make_strategy(name: str, configured: Mapping[str, Any]) -> Strategy:
    """Turn what is configured of one strategy into an object.

    Raises
    ------
    UserError
        As `make_strategies`.
    """
    fields = dict(configured)
    kind = fields.pop("kind", name)
    known_kinds = kinds()
    if not isinstance(kind, str) or kind not in known_kinds:
        hint = nearest(str(kind), known_kinds, f"choose one of {', '.join(known_kinds)}")
        raise UserError(f"strategy.{name}.kind={kind} is unknown; {hint}")
    cls = known_kinds[kind]
    known = [field for field in dataclasses.fields(cls) if field.name != "name"]
    names = [field.name for field in known]
    for key in fields:
        if key not in names:
            hint = nearest(key, names, f"it has {', '.join(names) or 'no keys'}")
            raise UserError(f"strategy.{name}.{key} does not exist for kind {kind}; {hint}")
    types = get_type_hints(cls)
    for field in known:
        where = f"strategy.{name}.{field.name}"
        if field.name not in fields:
            raise UserError(f"{where} is missing; give it a value")
        if "choices" in field.metadata:
            _check_choice(where, fields[field.name], field.metadata["choices"])
        else:
            _check_number(where, fields[field.name], whole=types[field.name] is int)
    return cls(name=name, **fields)


def _check_choice(where: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UserError(f"{where}={value} is unknown; choose {' or '.join(choices)}")


def _check_number(where: str, number: object, *, whole: bool) -> None:
    if isinstance(number, bool) or not isinstance(number, int if whole else (int, float)):
        raise UserError(f"{where}={number} must be a {'whole ' if whole else ''}number")
    if not 0 < number < math.inf:
        raise UserError(f"{where}={number} must be greater than 0 and finite")
