"""A bundle: a stack of networks in `model.safetensors` and what it is in `model.json`."""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

    import numpy as np
    from numpy.typing import NDArray

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"
ARRAYS = "array."


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
        further = {
            f"{ARRAYS}{name}": torch.from_numpy(values) for name, values in (arrays or {}).items()
        }
        save_file({**stack.state_dict(), **further}, aside / WEIGHTS)
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
        stack = MlpStack(about["members"], about["inputs"], network, about["heads"])
        tensors = load_file(folder / WEIGHTS)
        arrays = {
            name.removeprefix(ARRAYS): tensors.pop(name).numpy()
            for name in list(tensors)
            if name.startswith(ARRAYS)
        }
        stack.load_state_dict(tensors)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{folder} holds no readable model ({error}); {remedy}") from error
    stack.requires_grad_(requires_grad=False)
    return Bundle(stack, about, arrays)
