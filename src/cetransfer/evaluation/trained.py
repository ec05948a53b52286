"""The networks of all strategies, stack by stack: trained now or taken from an interrupted run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.models import bundle
from cetransfer.models.kernels import Kernels
from cetransfer.models.target_nets import Start, TargetNets
from cetransfer.progress import say
from cetransfer.training.source import per_epoch
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task
from cetransfer.transfer.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cetransfer.evaluation.case import Case
    from cetransfer.evaluation.splits import Member
    from cetransfer.models.source_nets import SourceNets
    from cetransfer.settings import Settings
    from cetransfer.transfer.strategy import LayerPlan, Strategy


LARGEST = 3_000_000
"""Parameters of a stack of several strategies.

From there on its weights leave the processor's cache: on two cores a step of one network of 130,000
parameters took 0.23 ms in a stack of 15, 0.21 in one of 25, 0.24 in one of 50, 0.28 in one of 100;
of 23,000 parameters 0.084, 0.063, 0.047 and 0.042 ms.
"""

LARGEST_ON_GPU = 30_000_000
"""The same on a GPU, whose time goes into being told what to do.

On an H100 a step of 55 networks of 130,000 parameters took 2.6 to 4.1 ms, of 220 of them 3.9 to 4.2
and of 880 of them 3.8 to 4.6. The limit is for memory: 0.5 GB for weights, gradients and moments.
"""


@dataclass(frozen=True)
class Job:
    """A strategy at one number of labelled rows, and where its networks are kept."""

    task: Task
    members: list[Member]
    folder: Path


@dataclass(frozen=True)
class Trained:
    """What a job made, and its loss per epoch."""

    job: Job
    nets: TargetNets
    losses: list[float]


def jobs_of(
    strategy: Strategy,
    plan: list[LayerPlan],
    settings: Settings,
    case: Case,
    sources: SourceNets,
    folder: Path,
) -> list[Job]:
    """Return what is to be trained of a strategy, one job for each number of labelled rows.

    Parameters
    ----------
    strategy, plan
        What is copied, frozen and trained.
    settings, case
        The whole configuration, and what is compared on.
    sources
        The source nets.
    folder
        Of this strategy: one job's networks lie in it, those of several in a folder each, by their
        size.
    """
    return [
        Job(
            Task(
                strategy,
                plan,
                [start_of(member) for member in members],
                sources,
                case.target,
                settings,
            ),
            members,
            stack_folder(folder, size),
        )
        for size, members in case.stacks.items()
    ]


def stack_folder(folder: Path, size: int | None) -> Path:
    """Return the folder of one job of a strategy."""
    return folder if size is None else folder / f"{size}"


def train_all(jobs: Sequence[Job], case: Case) -> Iterator[Trained]:
    """Train all jobs, those of one shape together, and yield what each made, stack by stack.

    A job that an interrupted run has finished is taken from its folder. If only a part of a stack
    was finished, all of it is trained again, so that the numbers are those of an uninterrupted run.
    """
    for places in stacks_of([job.task for job in jobs]):
        stack = [jobs[place] for place in places]
        if all(job.folder.is_dir() for job in stack):
            for job in stack:
                size = job.members[0].split.size
                which = f" with {size} rows" if size else ""
                say(f"{job.task.strategy.name}{which}: taken from the interrupted run")
                yield _stored(job)
            continue
        made = fit_target([job.task for job in stack])
        for job, nets in zip(stack, made, strict=True):
            losses = (
                per_epoch(nets.losses, job.task.settings.training.epochs)
                if len(nets.losses)
                else []
            )
            _keep(job, nets, losses, case)
            yield Trained(job, nets, losses)


def stacks_of(tasks: Sequence[Task]) -> list[list[int]]:
    """Return the places of the tasks that share a stack, as many as it holds.

    That is `LARGEST` on the processor, `LARGEST_ON_GPU` on anything else.
    """
    stacks: list[list[int]] = []
    filling: dict[tuple[object, ...], list[int]] = {}
    for place, task in enumerate(tasks):
        widths = [task.target.features.shape[1], *task.settings.network.hidden, 1]
        size = sum((narrow + 1) * wide for narrow, wide in pairwise(widths))
        stack = filling.get(task.shape)
        nets = sum(len(tasks[other].starts) for other in (*(stack or ()), place))
        on_cpu = task.settings.training.accelerator == "cpu"
        if stack is None or size * nets > (LARGEST if on_cpu else LARGEST_ON_GPU):
            stack = filling[task.shape] = []
            stacks.append(stack)
        stack.append(place)
    return stacks


def start_of(member: Member) -> Start:
    """Return where a member starts."""
    return Start(
        rows=member.split.train,
        repeat=member.split.repeat,
        fold=member.split.fold,
        target_seed=member.target_seed,
        source=member.source,
    )


def _keep(job: Job, made: TargetNets, losses: list[float], case: Case) -> None:
    """Write what a job made to its folder."""
    task, settings = job.task, job.task.settings
    about = {
        "kind": "target",
        "strategy": dataclasses.asdict(task.strategy),
        "plan": [dataclasses.asdict(layer) for layer in task.plan],
        "source_nets": task.nets.key if task.strategy.uses_source else None,
        "proofs": made.proofs,
        "reference": made.reference.document() if made.reference else None,
        "site_order": settings.dataset.site_order,
        "features": case.schema.digest,
        "data_hashes": case.data_hashes,
        "seed": settings.seed,
        "stack": [_described(member) for member in job.members],
        "losses": losses,
    }
    bundle.save(job.folder, made.stack, about, made.kernels.arrays() if made.kernels else None)


def _stored(job: Job) -> Trained:
    """Return what an interrupted run made of a job."""
    stored = bundle.load(job.folder)
    described = stored.about["reference"]
    starts = job.task.starts
    made = TargetNets(
        job.task.strategy,
        stored.stack,
        starts,
        np.empty(0, np.float32),
        stored.about["proofs"],
        Reference.from_document(described) if described else None,
        Kernels.from_arrays(stored.arrays, len(starts)) if stored.arrays else None,
    )
    return Trained(job, made, stored.about["losses"])


def _described(member: Member) -> dict[str, Any]:
    return {
        "part": member.split.part,
        "repeat": member.split.repeat,
        "fold": member.split.fold,
        "member": member.number,
        "target_seed": member.target_seed,
        "source": member.source,
    }
