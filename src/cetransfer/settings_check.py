"""Ranges of the settings that types cannot express."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cetransfer.errors import UserError, nearest
from cetransfer.settings import source_net_count

if TYPE_CHECKING:
    from cetransfer.settings import ProtocolSettings, Settings


def check(settings: Settings) -> None:
    """Check the ranges that types cannot express.

    Raises
    ------
    UserError
        Naming the key, its value and what would be right.
    """
    _check_choices(settings)
    at_least = (
        ("protocol.folds", settings.protocol.folds, 2),
        ("protocol.repeats", settings.protocol.repeats, 1),
        ("protocol.members", settings.protocol.members, 1),
        ("features.shells", settings.features.shells, 1),
        ("training.epochs", settings.training.epochs, 1),
        ("training.batch_size", settings.training.batch_size, 1),
        ("training.source.nets", source_net_count(settings), 1),
        ("training.source.epochs", settings.training.source.epochs, 1),
        ("training.source.batch_size", settings.training.source.batch_size, 1),
        ("training.source.weight_decay", settings.training.source.weight_decay or 0.0, 0),
        ("training.source.l1", settings.training.source.l1 or 0.0, 0),
        ("training.weight_decay", settings.training.weight_decay, 0),
        ("training.l1", settings.training.l1, 0),
        ("dataset.draw", settings.dataset.draw, 0),
        ("protocol.margin", settings.protocol.margin, 0),
        ("seed", settings.seed, 0),
    )
    for key, value, lowest in at_least:
        if value < lowest:
            raise UserError(f"{key}={value} is too small; give {lowest} or more")
        if not math.isfinite(value):
            raise UserError(f"{key}={value} is not a finite number")
    above_zero = (
        ("features.tolerance", settings.features.tolerance),
        ("training.loss_beta", settings.training.loss_beta),
        ("training.source.learning_rate", settings.training.source.learning_rate),
    )
    for key, value in above_zero:
        if not 0 < value < math.inf:
            raise UserError(f"{key}={value} must be greater than 0 and finite")
    source = settings.training.source
    for key, rate in (
        ("network.dropout", settings.network.dropout),
        ("training.source.dropout", source.dropout),
    ):
        if rate is not None and not 0 <= rate < 1:
            raise UserError(f"{key}={rate} must lie in [0, 1)")
    _check_protocol(settings.protocol)
    _check_contrast(settings.protocol.contrast, list(settings.strategy))
    if not settings.network.hidden or min(settings.network.hidden) < 1:
        raise UserError(
            f"network.hidden={settings.network.hidden} needs one width of 1 or more per layer"
        )


def _check_protocol(protocol: ProtocolSettings) -> None:
    if not 0 < protocol.alpha < 1:
        raise UserError(f"protocol.alpha={protocol.alpha} must lie between 0 and 1")
    if protocol.draws is not None and protocol.draws < 2:  # noqa: PLR2004 - a test needs two
        raise UserError(f"protocol.draws={protocol.draws} is too small; give 2 or more")
    sizes = protocol.sizes
    if sizes is not None and (not sizes or min(sizes) < 2 or sizes != sorted(set(sizes))):  # noqa: PLR2004 - a network needs two rows
        raise UserError(
            f"protocol.sizes={sizes} must be numbers of rows, 2 or more, each greater than the one "
            "before"
        )


def _check_contrast(contrast: str | None, strategies: list[str]) -> None:
    if contrast is not None and contrast not in strategies:
        hint = nearest(contrast, strategies, f"choose one of {', '.join(strategies)}")
        raise UserError(f"protocol.contrast={contrast} is none of the strategies compared; {hint}")


def _check_choices(settings: Settings) -> None:
    rows = ("source", "target", "pooled")
    for key, value, allowed in (
        ("dataset.pretrain", settings.dataset.pretrain, ("sequence", "joint")),
        ("dataset.reference", settings.dataset.reference, ("none", "constant", "per_element")),
        # not auto: the same words would give other numbers on another machine
        ("training.accelerator", settings.training.accelerator, ("cpu", "gpu")),
        ("training.scaler.x", settings.training.scaler.x, rows),
        ("training.scaler.y", settings.training.scaler.y, rows),
    ):
        if value not in allowed:
            raise UserError(f"{key}={value} is unknown; choose {' or '.join(allowed)}")
