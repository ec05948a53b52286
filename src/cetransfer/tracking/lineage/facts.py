"""What one piece of work says it rests on: in its document or, failing that, in its run's tags."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.row_spans import union

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cetransfer.tracking.records import Run

DOCUMENTS = {
    "comparison": "comparison.json",
    "paper2023": "paper2023.json",
    "audit": "audit.json",
    "sweep": "sweep.json",
    "screen": "screen.json",
    "suggestion": "suggest.json",
    "simulation": "simulation.json",
    "source": "model/model.json",
}
"""By kind of run, the artifact that says the most."""


REPORT_PAGE, REPORT_DOCUMENT = "report.html", "report.json"
"""In the folder of a report: what people open, and what says the result it was made of."""

ASKED_MODEL = "cetransfer.asked_model"
"""Tag of a run that rests on a model's predictions: the id of the model."""


@dataclass(frozen=True)
class Facts:
    """What a comparison, or anything else that was run, rests on.

    Parameters
    ----------
    files
        Hash by name of data file.
    schema
        Digest of the feature schema.
    commit, dirty
        As recorded; None outside a repository.
    data
        Rows, roles and features by data set; empty where they were not stored.
    stacks
        Source nets by key: name of sources, key of earlier nets, SHA-256 of the weights.
    of
        Key of the source nets by strategy.
    model
        Id of the model that was asked, where that is what was done.
    """

    key: str | None
    files: dict[str, str]
    schema: str | None
    commit: str | None
    dirty: bool | None
    data: list[dict[str, Any]] = field(default_factory=list)
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    of: dict[str, str] = field(default_factory=dict)
    strategies: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    model: str | None = None


def read_document(path: Path) -> dict[str, Any]:
    """Read a JSON document that says what something rests on.

    Raises
    ------
    UserError
        If it cannot be read or is no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read ({error}); restore it or ask for its run in place of it"
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is no document of cetransfer; name another file or folder")
    return content


def facts_of_document(document: Mapping[str, Any]) -> Facts:
    """Return what the document of a comparison, paper2023, audit, screening or sweep says."""
    told = document.get("source_nets") or {}
    nets: dict[str, Any] = {"key": told} if isinstance(told, str) else told
    key = nets.get("key")
    stacks = {each["key"]: each for each in nets.get("stacks", [])}
    strategies = tuple(each["name"] for each in document.get("strategies", ()))
    return Facts(
        key=document.get("key"),
        files=dict(document.get("data_hashes", {})),
        schema=document.get("feature_schema"),
        commit=document.get("commit"),
        dirty=document.get("dirty"),
        data=list(document.get("data", [])),
        stacks=stacks or ({key: {"key": key}} if key else {}),
        # of older documents, which strategies use the source is not known
        of=nets.get("of", dict.fromkeys(strategies, key) if key else {}),
        strategies=strategies,
        baselines=tuple(each["name"] for each in document.get("baselines", ())),
        config=dict(document.get("config", {})),
        model=(document.get("model") or {}).get("id"),
    )


def facts_of_source(about: Mapping[str, Any], run: Run | None) -> Facts:
    """Return what the description of source nets says; the commit is that of their run."""
    data = [
        {**each, "role": "source", "trained": union(each["trained"]), "scored": ""}
        for each in about.get("data", [])
    ]
    commit, dirty = (None, None) if run is None else commit_of(run)
    return Facts(
        key=about.get("key"),
        files=dict(about.get("data_hashes", {})),
        schema=about.get("features"),
        commit=commit,
        dirty=dirty,
        data=data,
    )


def facts_of_run(run: Run, key: str | None = None) -> Facts:
    """Return what the tags of a run say; `key` is that of its source nets."""
    commit, dirty = commit_of(run)
    return Facts(
        key=run.tags.get("cetransfer.key"),
        files=run.tagged("data."),
        schema=run.tags.get("features.schema"),
        commit=commit,
        dirty=dirty,
        stacks={key: {"key": key}} if key else {},
        of={run.name: key} if key else {},
        model=run.tags.get(ASKED_MODEL),
    )


def commit_of(run: Run) -> tuple[str | None, bool | None]:
    """Return the commit of a run and whether the tree was dirty; None outside a repository."""
    commit, dirty = run.tags.get("mlflow.source.git.commit"), run.tags.get("git.dirty")
    return (
        None if commit in {None, "None"} else commit,
        None if dirty in {None, "None"} else dirty == "True",
    )
