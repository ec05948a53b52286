"""A bundle: a stack of networks in `model.safetensors` and what it is in `model.json`."""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from cetransfer.errors import UserError
from cetransfer.files import sha256, write_aside
from cetransfer.networks.stack import MlpStack
from cetransfer.provenance import digest
from cetransfer.settings import NetworkSettings

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"


@dataclass(frozen=True)
class Bundle:
    """A stack and its description: what made it, and on which rows."""

    stack: MlpStack
    about: dict[str, Any]


def save(folder: Path, stack: MlpStack, about: dict[str, Any]) -> None:
    """Write a bundle; the folder appears whole or not at all.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    with write_aside(folder) as aside:
        aside.mkdir()
        save_file(stack.state_dict(), aside / WEIGHTS)
        description = {
            **about,
            "network": dataclasses.asdict(stack.settings),
            "members": stack.members,
            "inputs": stack.x_mean.shape[2],
            "heads": stack.heads,
            "sha256": sha256(aside / WEIGHTS),
        }
        description["digest"] = digest(description)
        (aside / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n")
        if folder.is_dir():
            shutil.rmtree(folder)


def load(folder: Path) -> Bundle:
    """Read a bundle.

    Raises
    ------
    UserError
        If a file is missing, is not what it should be, or its SHA-256 differs.
    """
    remedy = f"remove {folder} and run again"
    try:
        about = json.loads((folder / DESCRIPTION).read_text())
        if digest({key: about[key] for key in about if key != "digest"}) != about["digest"]:
            raise UserError(f"{folder / DESCRIPTION} was changed; {remedy}")
        if sha256(folder / WEIGHTS) != about["sha256"]:
            raise UserError(f"{folder / WEIGHTS}: the SHA-256 differs from model.json; {remedy}")
        network = NetworkSettings(**about["network"])
        stack = MlpStack(about["members"], about["inputs"], network, about["heads"])
        stack.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{folder} holds no readable model ({error}); {remedy}") from error
    stack.requires_grad_(requires_grad=False)
    return Bundle(stack, about)
