"""Puts the configuration and the versioned tables into the wheel."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundle(BuildHookInterface):  # type: ignore[type-arg]
    """An editable install reads `conf/` and `data/` where they stand; a wheel carries copies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files that go into the wheel."""
        if version == "editable":
            return
        root = Path(self.root)
        build_data["force_include"][str(root / "conf")] = "cetransfer/conf"
        for path, name in versioned_tables(root):
            build_data["force_include"][str(path)] = f"cetransfer/data/{name}"


def versioned_tables(root: Path) -> list[tuple[Path, str]]:
    """Return (stored file, name) of every table that `data.dvc` names, from the DVC store."""
    store = root / ".dvc" / "store" / "files" / "md5"
    found = re.search(r"md5: (\w{32}\.dir)", (root / "data.dvc").read_text())
    if found is None:
        raise ValueError("data.dvc names no folder")
    listing = json.loads(_stored(store, found.group(1)).read_text())
    return [(_stored(store, entry["md5"]), entry["relpath"]) for entry in listing]


def _stored(store: Path, md5: str) -> Path:
    return store / md5[:2] / md5[2:]
