"""What a comparison used, told so that it can be found again: rows, features, source nets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.dataset import row_numbers
from cetransfer.features.store import SOURCES, TARGET, feature_file
from cetransfer.models.bundle import weights_hash
from cetransfer.models.source_rows import rows_without
from cetransfer.provenance import array_digest
from cetransfer.row_spans import spans_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from cetransfer.evaluation.case import Case
    from cetransfer.features.domain import Domain
    from cetransfer.models.source_nets import SourceNets
    from cetransfer.settings import Settings


def data_document(case: Case, settings: Settings) -> list[dict[str, Any]]:
    """Return the files, rows and features of every data set, sources first.

    Rows have the numbers they have in their file, from 1.
    """
    sources = [
        used_document(source, settings, [rows_without(source, held) for held in case.without])
        for source in case.sources
    ]
    trained, scored = (
        [getattr(split, part) for split in case.splits] for part in ("train", "test")
    )
    return [*sources, used_document(case.target, settings, trained, scored)]


def used_document(
    domain: Domain,
    settings: Settings,
    trained: list[NDArray[np.int64]],
    scored: list[NDArray[np.int64]] | None = None,
) -> dict[str, Any]:
    """Return files, rows and features of a data set: a source, or a target if rows were scored."""
    return {
        "name": domain.name,
        "role": "source" if scored is None else "target",
        "files": domain.data.hashes,
        "trained": _spans(domain, trained),
        "scored": "" if scored is None else _spans(domain, scored),
        "features": _features(domain, settings, SOURCES if scored is None else TARGET),
    }


def stacks_document(used: Iterable[SourceNets], folder: Path) -> list[dict[str, Any]]:
    """Return the stacks of source nets, each once; `folder` is where they are kept."""
    stages = {stage.key: stage for nets in used for stage in nets.stages}
    return [
        {
            "key": key,
            "earlier": stage.earlier.key if stage.earlier else None,
            "sources": [source.name for source in stage.sources],
            "sha256": weights_hash(folder / key),
        }
        for key, stage in stages.items()
    ]


def _spans(domain: Domain, rows: list[NDArray[np.int64]]) -> str:
    return spans_of(row_numbers(domain.data.frame)[np.unique(np.concatenate(rows))])


def _features(domain: Domain, settings: Settings, role: str) -> dict[str, str]:
    """Return the digest of the features, by the file they are kept in.

    Features with A and B exchanged, where they are trained on, follow from the same rows.
    """
    file = feature_file(domain.data, settings.features, Path(settings.features_dir) / role)
    return {file.as_posix(): array_digest(domain.views[0])}
