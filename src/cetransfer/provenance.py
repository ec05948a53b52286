"""What a number rests on: digests, the git commit, the DVC hash, package versions."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def git_commit(root: Path) -> tuple[str | None, bool | None]:
    """Return the commit of the project and whether the tree is dirty; None outside a repository."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain"))
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
    pointer = root / "data.dvc"
    if not pointer.is_file():
        return {}
    found = re.search(r"md5:\s*(\S+)", pointer.read_text())
    return {"data.dvc": found.group(1)} if found else {}


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that decide the numbers."""
    return {name: importlib.metadata.version(name) for name in RECORDED_PACKAGES}
