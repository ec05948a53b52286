"""A bundle: a stack of networks in `model.safetensors` and what it is in `model.json`."""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from cetransfer.errors import UserError
from cetransfer.files import sha256, write_aside
from cetransfer.networks.stack import MlpStack
from cetransfer.provenance import digest
from cetransfer.settings import NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"
ARRAYS = "array."

DAMAGE = (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError)
"""What reading a file that is none of ours may raise."""


@dataclass(frozen=True)
class Bundle:
    """A stack and its description: what made it, and on which rows."""

    stack: MlpStack
    about: dict[str, Any]
    arrays: dict[str, NDArray[np.floating]]


def save(
    folder: Path,
    stack: MlpStack,
    about: dict[str, Any],
    arrays: Mapping[str, NDArray[np.floating]] | None = None,
) -> None:
    """Write a bundle; the folder appears whole or not at all.

    `arrays` are further numbers of the model, beside those of the networks.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    with write_aside(folder) as aside:
        aside.mkdir()
        save_stack(aside / WEIGHTS, stack, arrays or {})
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


def weights_hash(folder: Path) -> str:
    """Return the SHA-256 of the weights that a bundle was written with.

    Raises
    ------
    UserError
        If the description cannot be read.
    """
    try:
        return str(json.loads((folder / DESCRIPTION).read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder} holds no readable model ({error}); remove {folder} and run again"
        ) from error


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
        shape = (about["members"], about["inputs"], about["heads"])
        stack, arrays = load_stack(folder / WEIGHTS, network, shape)
    except DAMAGE as error:
        raise UserError(f"{folder} holds no readable model ({error}); {remedy}") from error
    return Bundle(stack, about, arrays)


def save_stack(path: Path, stack: MlpStack, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write the tensors of a stack, and further arrays beside them, to a safetensors file."""
    further = {
        f"{ARRAYS}{name}": torch.from_numpy(np.ascontiguousarray(values))
        for name, values in arrays.items()
    }
    save_file({**stack.state_dict(), **further}, path)


def load_stack(
    path: Path, network: NetworkSettings, shape: tuple[int, int, int]
) -> tuple[MlpStack, dict[str, NDArray[np.floating]]]:
    """Read a stack and the further arrays; `shape` is its members, inputs and heads.

    What a damaged or foreign file raises is among `DAMAGE`.
    """
    tensors = load_file(path)
    arrays = {
        name.removeprefix(ARRAYS): tensors.pop(name).numpy()
        for name in list(tensors)
        if name.startswith(ARRAYS)
    }
    members, inputs, heads = shape
    if tensors["x_mean"].shape != (members, 1, inputs):
        raise ValueError(f"{path.name} holds networks of another shape")
    stack = MlpStack(members, inputs, network, heads)
    stack.load_state_dict(tensors)
    stack.requires_grad_(requires_grad=False)
    return stack, arrays
