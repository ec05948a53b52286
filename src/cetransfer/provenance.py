"""What a number rests on: digests, the git commit, the DVC hash, package versions."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

RECORDED_PACKAGES = (
    "cetransfer",
    "hydra-core",
    "mlflow",
    "numpy",
    "pandas",
    "pymatgen",
    "pytorch-lightning",
    "scikit-learn",
    "torch",
)


def digest(value: Any) -> str:  # noqa: ANN401 - anything JSON can say
    """Return the SHA-256 of a JSON value, written with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def array_digest(*arrays: NDArray[np.generic]) -> str:
    """Return the SHA-256 of arrays: their types, shapes and bytes."""
    hasher = hashlib.sha256()
    for array in arrays:
        hasher.update(f"{array.dtype}{array.shape}".encode())
        hasher.update(array.tobytes())
    return hasher.hexdigest()


WRITTEN = ("dvc.lock", "outputs")
"""What runs themselves write: it makes no tree dirty, or every stage of the pipeline would."""


RUNNING_STAGE = "DVC_STAGE"
"""Environment variable in which DVC tells a command which stage it is."""


def git_commit(root: Path) -> tuple[str | None, bool | None]:
    """Return the commit of the project and whether the tree is dirty; None outside a repository.

    Dirty: something in the project's folder is not as committed, apart from `WRITTEN`.
    """
    others = [f":(exclude){path}" for path in WRITTEN]
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain", "--", ".", *others))
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["git", "-C", str(root), *words],  # noqa: S607 - the user's own git
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def dvc_hashes(root: Path) -> dict[str, str]:
    """Return the MD5 that `data.dvc` records for the versioned data, if there is one."""
    hashes = [value for _, value in _outs(_yaml(root / "data.dvc").get("outs"))]
    return {"data.dvc": hashes[0]} if hashes else {}


def stage_hashes(root: Path) -> dict[str, str]:
    """Return the MD5 by path of what the stages of the pipeline made, as `dvc.lock` records it.

    Outputs that are not there are left out; so are, in a stage that DVC runs, those of this stage
    and of the ones after it, which are of an earlier turn.
    """
    stages = _yaml(root / "dvc.lock").get("stages")
    entries: dict[str, Any] = stages if isinstance(stages, dict) else {}
    later = {os.environ.get(RUNNING_STAGE, "")}
    # as often as there are stages, so that the longest chain is followed to its end
    for _ in entries:
        made = [path for name in later for path, _ in _outs(entries.get(name, {}).get("outs"))]
        later |= {
            name
            for name, entry in entries.items()
            for path, _ in _outs(entry.get("deps"))
            if any(out == path or out.startswith(f"{path}/") for out in made)
        }
    return {
        path: value
        for name, entry in entries.items()
        if name not in later
        for path, value in _outs(entry.get("outs"))
        if (root / path).exists()
    }


def run_tags(root: Path) -> dict[str, str]:
    """Return the tags every MLflow run carries: commit, dirty or not, hashes that DVC keeps."""
    commit, dirty = git_commit(root)
    versioned = _outs(_yaml(root / "data.dvc").get("outs"))
    return {
        "mlflow.source.git.commit": str(commit),
        "git.dirty": str(dirty),
        **{f"dvc.{path}": value for path, value in (*versioned, *stage_hashes(root).items())},
    }


def _yaml(path: Path) -> dict[str, Any]:
    """Return what a file of DVC says; nothing where there is none."""
    from omegaconf import OmegaConf

    if not path.is_file():
        return {}
    content = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


def _outs(entries: list[dict[str, str]] | None) -> Iterator[tuple[str, str]]:
    """Yield path and MD5 of the files and folders that an entry of DVC lists."""
    for entry in entries or ():
        if "md5" in entry:
            yield entry["path"], entry["md5"]


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that decide the numbers."""
    return {name: importlib.metadata.version(name) for name in RECORDED_PACKAGES}
