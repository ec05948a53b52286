"""The networks of a strategy, stack by stack: trained now or taken from an interrupted run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.models import bundle
from cetransfer.models.kernels import Kernels
from cetransfer.models.target_nets import Start, TargetNets
from cetransfer.progress import say
from cetransfer.training.source import per_epoch
from cetransfer.training.target import fit_target
from cetransfer.transfer.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cetransfer.evaluation.case import Case
    from cetransfer.evaluation.splits import Member
    from cetransfer.models.source_nets import SourceNets
    from cetransfer.settings import Settings
    from cetransfer.transfer.strategy import LayerPlan, Strategy


@dataclass(frozen=True)
class Trained:
    """One stack of a strategy, its members and its loss per epoch."""

    nets: TargetNets
    members: list[Member]
    losses: list[float]


def trained_stacks(
    strategy: Strategy,
    plan: list[LayerPlan],
    settings: Settings,
    case: Case,
    sources: SourceNets,
    folder: Path,
) -> list[Trained]:
    """Return what a strategy makes, one stack after the other.

    Parameters
    ----------
    strategy, plan
        What is copied, frozen and trained.
    settings, case
        The whole configuration, and what is compared on.
    sources
        The source nets.
    folder
        Of this strategy: one stack lies in it, several in a folder each, by their size. A stack
        that is there is taken, another is trained and put there.
    """
    stacks = case.stacks
    return [
        _trained(strategy, plan, settings, case, members, sources, stack_folder(folder, size))
        for size, members in stacks.items()
    ]


def stack_folder(folder: Path, size: int | None) -> Path:
    """Return the folder of one stack of a strategy."""
    return folder if size is None else folder / f"{size}"


def _trained(
    strategy: Strategy,
    plan: list[LayerPlan],
    settings: Settings,
    case: Case,
    members: list[Member],
    sources: SourceNets,
    folder: Path,
) -> Trained:
    starts = [
        Start(
            rows=member.split.train,
            repeat=member.split.repeat,
            fold=member.split.fold,
            target_seed=member.target_seed,
            source=member.source,
        )
        for member in members
    ]
    size = members[0].split.size
    if folder.is_dir():
        which = f" with {size} rows" if size else ""
        say(f"{strategy.name}{which}: taken from the interrupted run")
        nets, losses = _stored(strategy, starts, folder)
        return Trained(nets, members, losses)
    made = fit_target(strategy, plan, starts, sources, case.target, settings)
    losses = per_epoch(made.losses, settings.training.epochs) if len(made.losses) else []
    about = {
        "kind": "target",
        "strategy": dataclasses.asdict(strategy),
        "plan": [dataclasses.asdict(layer) for layer in plan],
        "source_nets": sources.key if strategy.uses_source else None,
        "proofs": made.proofs,
        "reference": made.reference.document() if made.reference else None,
        "site_order": settings.dataset.site_order,
        "features": case.schema.digest,
        "data_hashes": case.data_hashes,
        "seed": settings.seed,
        "stack": [_described(member) for member in members],
        "losses": losses,
    }
    bundle.save(folder, made.stack, about, made.kernels.arrays() if made.kernels else None)
    return Trained(made, members, losses)


def _described(member: Member) -> dict[str, Any]:
    return {
        "part": member.split.part,
        "repeat": member.split.repeat,
        "fold": member.split.fold,
        "member": member.number,
        "target_seed": member.target_seed,
        "source": member.source,
    }


def _stored(
    strategy: Strategy, starts: Sequence[Start], folder: Path
) -> tuple[TargetNets, list[float]]:
    """Return what an interrupted run made of a strategy, and its loss per epoch."""
    stored = bundle.load(folder)
    described = stored.about["reference"]
    made = TargetNets(
        strategy,
        stored.stack,
        starts,
        np.empty(0, np.float32),
        stored.about["proofs"],
        Reference.from_document(described) if described else None,
        Kernels.from_arrays(stored.arrays, len(starts)) if stored.arrays else None,
    )
    return made, stored.about["losses"]
