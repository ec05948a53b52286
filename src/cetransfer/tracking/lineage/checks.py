"""Hashing files again: a file, a stack of networks, a model, the artifacts of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.provenance import digest
from cetransfer.tracking.lineage.facts import read_document
from cetransfer.tracking.lineage.graph import CHANGED, MISSING, OK, UNVERIFIABLE
from cetransfer.tracking.manifest import MANIFEST, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Found = tuple[str, str]
"""A state and the reason for it."""

WORST = (CHANGED, MISSING, UNVERIFIABLE, OK)


def check_bundle(folder: Path, recorded: str | None) -> Found:
    """Check a folder of networks against its own description and what was recorded of it."""
    if not folder.is_dir():
        return MISSING, f"{folder} is trained again when it is needed"
    try:
        about = read_document(folder / "model.json")
        whole = digest({key: about[key] for key in about if key != "digest"}) == about["digest"]
        weights = sha256(folder / "model.safetensors")
    except (UserError, OSError, KeyError) as error:
        return CHANGED, f"{folder} is damaged ({' '.join(str(error).split())})"
    if not whole:
        return CHANGED, f"{folder / 'model.json'} was changed"
    if weights != about["sha256"]:
        return CHANGED, f"{folder / 'model.safetensors'}: SHA-256 {weights[:12]}"
    if recorded and weights != recorded:
        return CHANGED, f"{folder}: trained again since, other weights"
    return OK, str(folder)


def check_model(folder: Path) -> Found:
    """Check every file of a model folder against its description."""
    try:
        about = read_document(folder / "model.json")
    except UserError as error:
        return MISSING, str(error)
    whole = digest({key: value for key, value in about.items() if key != "id"})
    if not whole.startswith(str(about.get("id") or "none")):
        return CHANGED, f"{folder / 'model.json'}: its id is not that of its content"
    return worst(check_file(folder / name, str(value)) for name, value in about["files"].items())


def check_artifacts(folder: Path | None, seal: str | None, run_id: str) -> Found:
    """Check the artifacts of a run against the list it was sealed with."""
    if folder is None:
        return UNVERIFIABLE, f"the artifacts of run {run_id} are not on this machine"
    if not folder.is_dir():
        return MISSING, f"run {run_id} has no artifacts in {folder}"
    if seal is None:
        return UNVERIFIABLE, f"run {run_id} has no list of hashes (logged by an older version)"
    manifest = read_manifest(folder)
    if manifest is None:
        return MISSING, f"{folder / MANIFEST} is gone or damaged"
    if sha256(folder / MANIFEST) != seal:
        return CHANGED, f"{folder / MANIFEST} was changed"
    return worst(check_file(folder / name, value) for name, value in manifest.items())


def check_file(path: Path, value: str) -> Found:
    """Check a file against its SHA-256."""
    if not path.is_file():
        return MISSING, str(path)
    return compared(sha256(path), value, str(path))


def compared(found: str, recorded: str, where: str) -> Found:
    """Return whether a hash is the recorded one; `where` is what it is of."""
    if found == recorded:
        return OK, where
    return CHANGED, f"{where}: {found[:12]} in place of {recorded[:12]}"


def worst(found: Iterable[Found]) -> Found:
    """Return the worst of several states, with its reason; ok where there are none."""
    return min(found, key=lambda each: WORST.index(each[0]), default=(OK, "nothing to check"))
