"""Hashing again what a lineage rests on: ok, missing, changed or not to be verified."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cetransfer.datasets.locate import locate
from cetransfer.files import sha256
from cetransfer.models.output import record_of
from cetransfer.provenance import array_digest, dvc_hashes
from cetransfer.tracking.lineage.build import KEY, RESULTS
from cetransfer.tracking.lineage.checks import (
    Found,
    check_artifacts,
    check_bundle,
    check_file,
    check_model,
    compared,
    worst,
)
from cetransfer.tracking.lineage.facts import DOCUMENTS, read_document
from cetransfer.tracking.lineage.graph import CHANGED, MISSING, OK, UNVERIFIABLE
from cetransfer.tracking.lineage.parts import DVC
from cetransfer.tracking.manifest import SEAL, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cetransfer.tracking.lineage.graph import Graph, Node
    from cetransfer.tracking.records import Records

ONLY_LOGGED = {"config.yaml", "packages.json"}
"""Artifacts of a comparison that its folder does not have."""


def verify(graph: Graph, records: Records, root: Path) -> None:
    """Set the state of every node, and the reason for it."""
    checks: dict[str, Callable[[Node], Found]] = {
        "data": lambda node: _data(node, root),
        "features": lambda node: _features(node, root),
        "source_nets": lambda node: _source_nets(node, records),
        "commit": lambda node: _commit(node, root),
        "model": _model,
        "version": lambda _: (OK, "it names the model that was registered"),
        "trial": lambda _: (UNVERIFIABLE, "a trial has no files; its numbers are in its sweep's"),
        "prediction": lambda node: _prediction(node, graph),
        "report": lambda node: _report(node, graph),
    }
    # a table of a result looks at what was found of the result
    for node in reversed(graph.nodes.values()):
        check = checks.get(node.kind)
        node.state, node.reason = check(node) if check else _work(node, records)


def _data(node: Node, root: Path) -> Found:
    file = str(node.details["file"])
    if file == DVC:
        found = dvc_hashes(root).get(DVC)
        if found is None:
            return MISSING, "there is no data.dvc"
        return compared(found, node.details["md5"], "data.dvc names the folder's hash")
    if file.endswith(":structures"):
        return UNVERIFIABLE, "the hash is that of all structure files together"
    path = locate(file, root)
    if path is None:
        return MISSING, "not on this machine"
    return compared(sha256(path), node.details["sha256"], str(path))


def _features(node: Node, root: Path) -> Found:
    files = node.details["files"]
    if not files:
        return UNVERIFIABLE, "their hash was not recorded"
    return worst(_matrix(root / file, value) for file, value in files.items())


def _matrix(path: Path, value: str) -> Found:
    if not path.is_file():
        return MISSING, f"{path} is made again when it is needed"
    import numpy as np
    import pandas as pd
    from pyarrow import ArrowException

    try:
        table = pd.read_parquet(path)
        # what a row is stands before the columns that the schema has
        numbers = table.select_dtypes("number").to_numpy(np.float32)
    except (ArrowException, OSError, ValueError):
        return CHANGED, f"{path} is damaged"
    return compared(array_digest(numbers), value, str(path))


def _source_nets(node: Node, records: Records) -> Found:
    folder = Path(node.details["folder"]) if node.details.get("folder") else None
    found = [check_bundle(folder, node.details.get("sha256"))] if folder else []
    found += [
        check_artifacts(run.artifacts, run.tags.get(SEAL), run.id)
        for run in records.runs(node.details.get("runs") or [node.details.get("run", "")])
    ]
    return worst(found)


def _commit(node: Node, root: Path) -> Found:
    commit = node.details["commit"]
    if commit is None:
        return UNVERIFIABLE, "made outside a git repository"
    words = ["git", "-C", str(root), "cat-file", "-e", f"{commit}^{{commit}}"]
    try:
        done = subprocess.run(words, check=False, capture_output=True)  # noqa: S603 - no shell
    except OSError:
        return UNVERIFIABLE, "git is not installed"
    if done.returncode:
        return MISSING, f"{root} has no such commit; git fetch"
    if node.details["dirty"]:
        return UNVERIFIABLE, "files were changed and not committed when this was run"
    return OK, "in this repository"


def _model(node: Node) -> Found:
    folder = node.details.get("folder")
    if folder is None:
        return MISSING, "no folder of that id in this project"
    return check_model(Path(folder))


def _prediction(node: Node, graph: Graph) -> Found:
    """Check a table against its record, or one of a result against the run that logged it."""
    path = Path(node.details["file"])
    record = record_of(path)
    if record.is_file():
        return compared(sha256(path), str(read_document(record).get("sha256")), str(path))
    for below in graph.below(node):
        for manifest in (read_manifest(Path(run)) for run in below.details.get("sealed", [])):
            if manifest and path.name in manifest:
                return compared(sha256(path), manifest[path.name], str(path))
    return UNVERIFIABLE, f"there is no {record.name} beside it, which would say its hash"


def _report(node: Node, graph: Graph) -> Found:
    """Check a page against its own record, and whether its result is still the one it shows."""
    page = Path(node.details["file"])
    found = [check_file(page, str(node.details["sha256"]))]
    for below in graph.below(node):
        folder = below.details.get("folder") or below.details.get("artifacts")
        document = Path(folder) / DOCUMENTS[below.kind] if folder else None
        if document and document.is_file() and sha256(document) != node.details["result_sha256"]:
            found.append((CHANGED, f"{document} is not the one that {page} was made of"))
    return worst(found)


def _work(node: Node, records: Records) -> Found:
    """Check the artifacts of a run, or the files of a result against those of its runs."""
    details = node.details
    if details.get("folder"):
        return _result(node, records)
    if details.get("run"):
        place = details.get("artifacts")
        return check_artifacts(
            Path(place) if place else None, details.get("manifest"), details["run"]
        )
    return UNVERIFIABLE, "its run is not in this store"


def _result(node: Node, records: Records) -> Found:
    """Check the files of a folder of results: they are those of one of the runs of their key."""
    folder = Path(node.details["folder"])
    name = next(DOCUMENTS[kind] for kind in RESULTS if (folder / DOCUMENTS[kind]).is_file())
    known = []
    for run in records.runs(records.tagged(KEY, node.details["key"] or "")):
        manifest = read_manifest(run.artifacts) if run.artifacts else None
        if manifest and name in manifest:
            known.append((run, manifest))
    if not known:
        return UNVERIFIABLE, "no run of this store has its files"
    own = sha256(folder / name)
    for run, manifest in known:
        if manifest[name] == own:
            node.details["sealed"] = [str(run.artifacts)]
            files = {name: manifest[name] for name in manifest if name not in ONLY_LOGGED}
            return worst(check_file(folder / file, value) for file, value in files.items())
    return CHANGED, f"{folder / name} is that of none of its {len(known)} runs"
