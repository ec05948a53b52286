"""Model folders in a lineage: what `model.json` says a model rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.models.registered import CHAMPION, find_version
from cetransfer.tracking.lineage.build import Builder
from cetransfer.tracking.lineage.facts import Facts, read_document
from cetransfer.tracking.lineage.graph import Graph, Node

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.tracking.records import Records

MODEL = "cetransfer.model"
"""Tag of a strategy's run: the id of its model."""

DESCRIPTION = "model.json"

PLACES = ("models/*", "outputs/*/*/models/*", "outputs/models/*")
"""Where model folders stand in a project."""


def is_model(folder: Path) -> bool:
    """Tell whether a folder is a model: its description has an id and a format."""
    return model_id(folder) is not None


def model_id(folder: Path) -> str | None:
    """Return the id that a folder's description says; None if it is no model."""
    try:
        about = read_document(folder / DESCRIPTION)
    except UserError:
        return None
    return str(about["id"]) if {"id", "format"} <= about.keys() else None


def model_folders(root: Path) -> dict[Path, str]:
    """Return the ids of the models in a project's usual places, by folder."""
    found = {
        folder: model_id(folder)
        for place in PLACES
        for folder in sorted(root.glob(place))
        if (folder / DESCRIPTION).is_file()
    }
    return {folder: id_ for folder, id_ in found.items() if id_ is not None}


def folder_of(id_: str, root: Path) -> Path | None:
    """Return where the model of a full id stands in a project; None where it does not."""
    return next((folder for folder, own in model_folders(root).items() if own == id_), None)


def model_graph(folder: Path, records: Records, root: Path, name: str = "") -> Graph:
    """Return the lineage of a model folder: its strategy's run where the store has it.

    `name` is what to call the model where its folder has no name of its own.
    """
    about = read_document(folder / DESCRIPTION)
    builder = Builder(records, root)
    id_ = str(about["id"])
    details: dict[str, Any] = {"model": id_, "folder": str(folder)}
    called = name or f"{folder.name} {id_}"
    node = builder.graph.add(Node(f"model:{id_}", "model", called, details))
    runs = records.tagged(MODEL, id_)
    run = records.get(runs[0]) if runs else None
    if run is not None:
        return builder.run(run, node)
    facts = facts_of_model(about)
    name = facts.strategies[0]
    below = Node(f"strategy:{id_}", "strategy", name, {"key": facts.key})
    builder.line(facts, builder.graph.add(below, node))
    return builder.graph


def version_graph(word: str, records: Records, root: Path) -> Graph:
    """Return the lineage of a registered version: of the model that it holds.

    Raises
    ------
    UserError
        If there is no such version, or its folder holds another model.
    """
    version = find_version(word, root)
    details = {"version": f"models:/{version.name}/{version.number}", "asked": word}
    name = f"{version.number} of {version.name}{' (champion)' if word == CHAMPION else ''}"
    builder = Builder(records, root)
    node = builder.graph.add(Node(f"version:{details['version']}", "version", name, details))
    builder.take(model_graph(version.folder, records, root, version.model), node)
    return builder.graph


def unknown_model(id_: str, run_id: str | None, records: Records, root: Path) -> Graph:
    """Return the lineage of a model whose folder is not here: by its run, if there is one."""
    builder = Builder(records, root)
    node = builder.graph.add(Node(f"model:{id_}", "model", id_, {"model": id_, "folder": None}))
    run = records.get(run_id) if run_id else None
    return builder.graph if run is None else builder.run(run, node)


def facts_of_model(about: dict[str, Any]) -> Facts:
    """Return what the description of a model says."""
    name = str(about.get("strategy", {}).get("name", "strategy"))
    data = [{"scored": "", **each} for each in about.get("data", [])]
    # of a sequence, the nets that the target nets start from come last
    keys = list(dict.fromkeys(str(each).split("/")[0] for each in about.get("source_nets", [])))
    sources = [each["name"] for each in data if each["role"] == "source"]
    in_turn = len(keys) == len(sources)
    stacks = {
        key: {
            "key": key,
            "earlier": keys[i - 1] if i else None,
            "sources": [sources[i]] if in_turn else sources,
        }
        for i, key in enumerate(keys)
    }
    return Facts(
        key=about.get("comparison"),
        files=dict(about.get("data_hashes", {})),
        schema=about.get("features", {}).get("schema"),
        commit=about.get("commit"),
        dirty=about.get("dirty"),
        data=data,
        stacks=stacks,
        of={name: keys[-1]} if keys else {},
        strategies=(name,),
        config=dict(about.get("config", {})),
    )
