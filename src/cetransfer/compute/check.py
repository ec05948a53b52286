"""What the group `compute` may say."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from cetransfer.settings import ComputeSettings

KEYS = {
    "local": ("workers",),
    "dask": ("address",),
    "slurm": (
        *("queue", "account", "jobs", "cores", "memory", "walltime"),
        *("interface", "directives", "prologue"),
    ),
}
"""The keys of each kind."""

NEEDED = ("address", "jobs", "cores", "memory", "walltime")
"""Those that have to have a value."""

MEMORY = re.compile(r"\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)


def check_compute(settings: ComputeSettings) -> None:
    """Check what types cannot express.

    Raises
    ------
    UserError
        Naming the key, its value and what would be right.
    """
    kind = settings.kind
    if kind not in KEYS:
        hint = nearest(kind, KEYS, f"choose one of {', '.join(KEYS)}")
        raise UserError(f"compute.kind={kind} is unknown; {hint}")
    for key, value in dataclasses.asdict(settings).items():
        if key == "kind":
            continue
        if key not in KEYS[kind] and value is not None:
            raise UserError(f"compute.{key} has no meaning for compute.kind={kind}; leave it out")
        if key in KEYS[kind] and key in NEEDED and value is None:
            raise UserError(f"compute.{key} has no value; give compute.{key}=VALUE")
        if isinstance(value, int) and value < 1:
            raise UserError(f"compute.{key}={value} is too small; give 1 or more")
    if settings.memory is not None and not MEMORY.fullmatch(settings.memory):
        raise UserError(f"compute.memory={settings.memory} is no amount; give such as 8GB")
