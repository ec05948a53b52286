"""What a comparison keeps of the networks of one strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cetransfer.evaluation.coverage import unseen_intervals
from cetransfer.evaluation.models import draft_model
from cetransfer.evaluation.predictions import member_predictions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from cetransfer.evaluation.case import Case
    from cetransfer.evaluation.coverage import Unseen
    from cetransfer.evaluation.models import Draft
    from cetransfer.evaluation.trained import Trained
    from cetransfer.networks.stack import MlpStack
    from cetransfer.transfer.strategy import LayerPlan


@dataclass(frozen=True)
class Outcome:
    """Of a strategy at one number of labelled rows.

    Parameters
    ----------
    predictions
        A row for each member and scored compound.
    losses
        Per epoch; none where no network is trained.
    proofs
        What was proved, and how many parameters were trained.
    unseen
        Intervals for the rows never trained on, where there are any.
    draft
        The model, where one is kept.
    """

    predictions: pd.DataFrame
    losses: list[float]
    proofs: dict[str, Any]
    unseen: Unseen | None
    draft: Draft | None


def outcome_of(made: Trained, case: Case, models: Path | None) -> Outcome:
    """Return what is kept of trained networks; their model goes to a folder in `models`, if any."""
    task, members = made.job.task, made.job.members
    name = task.strategy.name
    predicted = made.nets.predict(case.target, task.nets)
    unseen = unseen_intervals(name, case, members, predicted)
    return Outcome(
        predictions=member_predictions(name, case, predicted, members),
        losses=made.losses,
        proofs={**made.nets.proofs, **_parameters(made.nets.stack, task.plan)},
        unseen=unseen,
        draft=draft_model(models / name, case, made, predicted, unseen) if models else None,
    )


def _parameters(stack: MlpStack, plan: Sequence[LayerPlan]) -> dict[str, int]:
    """Return how many parameters a network has and how many of them are trained."""
    sizes = [
        sum(values.numel() for values in layer.parameters()) // stack.members
        for layer in stack.linear_layers()
    ]
    trained = sum(size for size, layer in zip(sizes, plan, strict=True) if layer.trained)
    return {"parameters": sum(sizes), "trained_parameters": trained}
