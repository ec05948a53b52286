"""A strategy: a declared way to get a target model from a source model.

A new strategy is one class here or in a file beside it, and one YAML file in `conf/strategy`.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STRATEGIES: dict[str, type[Strategy]] = {}


@dataclass(frozen=True)
class LayerPlan:
    """What becomes of one layer: where its start comes from and whether it is trained."""

    layer: int
    origin: str
    trained: bool


@dataclass(frozen=True)
class Strategy:
    """What is copied from the source net, what is frozen, and the peak learning rate."""

    name: str
    #: does it start from a source net (its weights and its scalers)
    uses_source: ClassVar[bool] = True
    #: is it trained on target rows
    trains: ClassVar[bool] = True

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return one entry per layer, from the input to the output.

        Raises
        ------
        UserError
            If the strategy does not fit a network of so many layers.
        """
        frozen = self.frozen_layers(layers)
        origin = "source" if self.uses_source else "random"
        return [
            LayerPlan(layer, origin, trained=self.trains and layer not in frozen)
            for layer in range(layers)
        ]

    def frozen_layers(self, layers: int) -> range:  # noqa: ARG002 - the depth matters to some
        """Return the layers that keep the source net's values."""
        return range(0)


@dataclass(frozen=True)
class Trained(Strategy):
    """A strategy that is trained on target rows."""

    learning_rate: float


def register(kind: str) -> Callable[[type[Strategy]], type[Strategy]]:
    """Make a strategy known under the `kind` that configurations name."""

    def add(cls: type[Strategy]) -> type[Strategy]:
        STRATEGIES[kind] = cls
        return cls

    return add


@register("target_only")
@dataclass(frozen=True)
class TargetOnly(Trained):
    """Random start, target rows only: the baseline of every comparison."""

    uses_source: ClassVar[bool] = False


@register("zero_shot")
@dataclass(frozen=True)
class ZeroShot(Strategy):
    """The source net applied to the target as it is."""

    trains: ClassVar[bool] = False


@register("fine_tune")
@dataclass(frozen=True)
class FineTune(Trained):
    """All layers start from the source net and are trained on (Yosinski, arXiv:1411.1792)."""


@register("freeze")
@dataclass(frozen=True)
class Freeze(Trained):
    """The first `layers` layers keep the source net's values (Yosinski, arXiv:1411.1792)."""

    layers: int

    def frozen_layers(self, layers: int) -> range:
        """Return the first layers, as many as asked for."""
        if not 1 <= self.layers < layers:
            raise UserError(
                f"strategy.{self.name}.layers={self.layers} cannot be frozen: the network has "
                f"{layers} layers; give 1 to {layers - 1}"
            )
        return range(self.layers)


@register("head_only")
@dataclass(frozen=True)
class HeadOnly(Trained):
    """Only the output layer is trained on (a linear probe; Alain & Bengio, arXiv:1610.01644)."""

    def frozen_layers(self, layers: int) -> range:
        """Return all layers but the last."""
        return range(layers - 1)


def make_strategies(configured: Mapping[str, Mapping[str, Any]]) -> list[Strategy]:
    """Turn the `strategy` group into objects, in the order given.

    Raises
    ------
    UserError
        For an unknown kind, a missing or unknown key, a value of the wrong type, or when
        `target_only` is not among them: every gain is measured against it.
    """
    strategies = [_make(name, dict(fields)) for name, fields in configured.items()]
    if not any(isinstance(strategy, TargetOnly) for strategy in strategies):
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


def _make(name: str, fields: dict[str, Any]) -> Strategy:
    kind = fields.pop("kind", name)
    if not isinstance(kind, str) or kind not in STRATEGIES:
        hint = nearest(str(kind), STRATEGIES, f"choose one of {', '.join(STRATEGIES)}")
        raise UserError(f"strategy.{name}.kind={kind} is unknown; {hint}")
    cls = STRATEGIES[kind]
    known = [field.name for field in dataclasses.fields(cls) if field.name != "name"]
    for key in fields:
        if key not in known:
            hint = nearest(key, known, f"it has {', '.join(known) or 'no keys'}")
            raise UserError(f"strategy.{name}.{key} does not exist for kind {kind}; {hint}")
    for key in known:
        if key not in fields:
            raise UserError(f"strategy.{name}.{key} is missing; give it a value")
        number = fields[key]
        whole = key == "layers"
        if isinstance(number, bool) or not isinstance(number, int if whole else (int, float)):
            raise UserError(
                f"strategy.{name}.{key}={number} must be a {'whole ' if whole else ''}number"
            )
        if not 0 < number < math.inf:
            raise UserError(f"strategy.{name}.{key}={number} must be greater than 0 and finite")
    return cls(name=name, **fields)
