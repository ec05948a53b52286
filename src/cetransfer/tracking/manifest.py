"""The SHA-256 of every artifact of a run, so that a changed one is found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from cetransfer.files import sha256, write_json

if TYPE_CHECKING:
    from cetransfer.tracking.store import Store

MANIFEST = "manifest.json"
#: tag: SHA-256 of the manifest
SEAL = "cetransfer.manifest"


def local_path(address: str) -> Path | None:
    """Return the folder of an artifact address on this machine; None for one elsewhere."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else Path(address)


def seal_artifacts(store: Store, run_id: str) -> None:
    """Write down the hashes of the artifacts that a run has so far, and the hash of that list.

    Artifacts that are not on this machine are left alone.
    """
    folder = local_path(store.client.get_run(run_id).info.artifact_uri)
    if folder is None or not folder.is_dir():
        return
    write_json(folder / MANIFEST, hashes_in(folder))
    store.client.set_tag(run_id, SEAL, sha256(folder / MANIFEST))


def hashes_in(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by path, the manifest apart."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def read_manifest(folder: Path) -> dict[str, str] | None:
    """Return the hashes a run was sealed with; None where there are none that can be read."""
    try:
        content = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return {str(key): str(value) for key, value in content.items()}
