"""The folder of a model among the artifacts of its strategy's run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from cetransfer.tracking.store import Store

#: tag of a strategy's run: the id of its model
MODEL = "cetransfer.model"
#: where the model's folder is among the artifacts
ARTIFACT = "model"


def log_model(store: Store, run_id: str, folder: Path) -> None:
    """Log the folder of a model.

    In a store on the same disk its files are links to those of the folder, which takes no room a
    second time. They are never written again: whatever changes a model makes another one.
    """
    address = urlsplit(store.client.get_run(run_id).info.artifact_uri)
    if address.scheme != "file":
        store.client.log_artifacts(run_id, str(folder), ARTIFACT)
        return
    place = Path(unquote(address.path)) / ARTIFACT
    shutil.copytree(folder, place, copy_function=_link, dirs_exist_ok=True)


def _link(file: str, place: str) -> None:
    try:
        os.link(file, place)
    except OSError:
        # another disk, or one without links
        shutil.copyfile(file, place)
