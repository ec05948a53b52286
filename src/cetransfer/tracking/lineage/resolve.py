"""From what the user calls something to its lineage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError, nearest
from cetransfer.models.output import record_of
from cetransfer.models.registered import is_registered_word
from cetransfer.tracking.lineage.build import (
    KEY,
    Builder,
    is_report,
    is_result,
    result_folders,
)
from cetransfer.tracking.lineage.facts import read_document
from cetransfer.tracking.lineage.models import (
    MODEL,
    folder_of,
    is_model,
    model_folders,
    model_graph,
    unknown_model,
    version_graph,
)
from cetransfer.tracking.lineage.parts import SOURCE_DIR, SOURCE_NET

if TYPE_CHECKING:
    from cetransfer.tracking.lineage.graph import Graph
    from cetransfer.tracking.records import Records

TABLES = {".csv", ".parquet"}
SHOWN = 5

Build = Callable[[], "Graph"]
"""Builds the graph of something that was found."""

REMEDY = (
    "give a run's id or its beginning, a model's id or name, champion or models:/NAME/VERSION, a "
    "key, a folder of results, of a report, of a model or of source nets, or a table of predictions"
)


def lineage_of(identifier: str, records: Records, root: Path) -> Graph:
    """Return the lineage of a run, model, result, report, source net or file of predictions.

    Parameters
    ----------
    identifier
        A path, an id or its unique beginning, or a name.
    records
        The runs of the store.
    root
        The project's folder.

    Raises
    ------
    UserError
        If nothing, or more than one thing, goes by that name, or a file cannot be read.
    """
    path = Path(identifier)
    for place in dict.fromkeys((path, root / path)):
        if place.exists() and (graph := _of_path(place, records, root)) is not None:
            return graph
    if is_registered_word(identifier):
        return version_graph(identifier, records, root)
    if not identifier.strip():
        raise UserError(f"an empty id names nothing; {REMEDY}")
    found = candidates(identifier, records, root)
    if len(found) > 1:
        listed = ", ".join(list(found)[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise UserError(
            f"{identifier} is the beginning of {len(found)} ids: {listed}{more}; give more of it"
        )
    if not found:
        raise UserError(_nothing(identifier, records, root))
    return next(iter(found.values()))()


def candidates(identifier: str, records: Records, root: Path) -> dict[str, Build]:
    """Return what an id may mean, by a name for it, with how to build its graph."""
    builder = _builder(records, root)
    whole = records.get(identifier)
    if whole is not None:
        return {f"run {whole.id}": partial(builder.run, whole)}
    for folder in result_folders(root):
        if folder.name == identifier:
            return {str(folder): partial(builder.result, folder)}
    found: dict[str, Build] = {
        f"run {run.id} ({run.name})": partial(builder.run, run)
        for run in records.runs(records.beginning_with(identifier))
    }
    found |= _models(identifier, records, root)
    # the first run of the last execution: parents start before children
    latest = {key: run for run, key in reversed(records.tagged_beginning(KEY, identifier))}
    for run in records.runs(list(latest.values())):
        found[f"{run.kind} {run.tags[KEY]}"] = partial(builder.run, run)
    return found or _source_nets(identifier, records, root)


def _builder(records: Records, root: Path) -> Builder:
    """Return what builds a graph and finds models by their ids."""
    return Builder(records, root, model_graph=lambda id_: _of_model(id_, records, root))


def _models(identifier: str, records: Records, root: Path) -> dict[str, Build]:
    """Return the models that go by an id or its beginning, a name, or COMPARISON/STRATEGY."""
    found: dict[str, Build] = {
        f"model {id_}": partial(model_graph, folder, records, root)
        for folder, id_ in model_folders(root).items()
        if id_.startswith(identifier)
        or identifier in {folder.name, f"{folder.parent.parent.name}/{folder.name}"}
    }
    for run_id, id_ in records.tagged_beginning(MODEL, identifier):
        found.setdefault(f"model {id_}", partial(unknown_model, id_, run_id, records, root))
    return found


def _source_nets(identifier: str, records: Records, root: Path) -> dict[str, Build]:
    """Return the source nets that go by a key or its beginning, or a single net, ``KEY/NET``."""
    builder = Builder(records, root)
    found: dict[str, Build] = {
        folder.name: partial(builder.source_folder, folder)
        for folder in sorted((root / SOURCE_DIR).glob("*"))
        if folder.name.startswith(identifier) and (folder / "model.json").is_file()
    }
    for run_id, name in records.tagged_beginning(SOURCE_NET, identifier):
        run = records.get(run_id)
        if run is not None:
            key = name if name == identifier else name.split("/")[0]
            found.setdefault(key, partial(builder.run, run))
    return found


def _of_path(path: Path, records: Records, root: Path) -> Graph | None:
    """Return the lineage of a file or folder; None where it holds nothing of ours."""
    folder = path if path.is_dir() else path.parent
    if is_result(folder) and (path.is_dir() or path.suffix not in TABLES):
        return _builder(records, root).result(folder)
    if is_report(folder) and (path.is_dir() or path.suffix not in TABLES):
        return _builder(records, root).report(folder)
    if is_model(folder) and (path.is_dir() or path.name == "model.json"):
        return model_graph(folder, records, root)
    if path.is_dir():
        if (path / "model.json").is_file():
            return Builder(records, root).source_folder(path)
        return None
    if path.suffix in TABLES:
        return _of_table(path, records, root)
    raise UserError(f"{path} says nothing of where it comes from; {REMEDY}")


def _of_table(path: Path, records: Records, root: Path) -> Graph:
    """Return the lineage of a table of predictions: by its column `model`, else by its folder."""
    models, rows = read_models(path)
    builder = _builder(records, root)
    record = record_of(path)
    if not models and record.is_file():
        models = [str(read_document(record).get("model"))]
    if not models or is_result(path.parent):
        if not is_result(path.parent):
            raise UserError(
                f"{path} has no column model and no result stands beside it, so nothing says where "
                "it comes from; name its run or its model"
            )
        graph = builder.prediction(path, {}, rows)
        builder.result(path.parent, graph.root)
        return graph
    graphs = {each: _of_model(each, records, root) for each in models}
    return builder.prediction(path, graphs, rows)


def _of_model(identifier: str, records: Records, root: Path) -> Graph:
    """Return the lineage of a model by its full id, also where no more is known than that."""
    folder = folder_of(identifier, root)
    if folder is not None:
        return model_graph(folder, records, root)
    runs = records.tagged(MODEL, identifier)
    return unknown_model(identifier, runs[0] if runs else None, records, root)


def read_models(path: Path) -> tuple[list[str], int]:
    """Return the ids in the column `model` of a table, in their order, and its number of rows.

    Raises
    ------
    UserError
        If the table cannot be read.
    """
    import pandas as pd

    try:
        if path.suffix == ".csv":
            table = pd.read_csv(path, usecols=lambda name: name == "model", dtype=str)
            with path.open("rb") as stream:
                rows = len(table) if len(table.columns) else sum(1 for _ in stream) - 1
        else:
            from pyarrow import parquet

            opened = parquet.ParquetFile(path)
            named = ["model"] if "model" in opened.schema_arrow.names else []
            table, rows = opened.read(named).to_pandas(), opened.metadata.num_rows
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} is no table that can be read ({reason}); give another") from error
    ids: Any = table["model"].dropna().unique() if "model" in table else []
    return [str(each) for each in ids], rows


def _nothing(identifier: str, records: Records, root: Path) -> str:
    """Say that nothing goes by a name, with the nearest one that something goes by."""
    known = {
        *(folder.name for folder in result_folders(root)),
        *(name for folder, id_ in model_folders(root).items() for name in (folder.name, id_)),
        *(path.name for path in (root / SOURCE_DIR).glob("*")),
        *records.values(KEY),
        *records.beginning_with(identifier[:4]),
    }
    hint = nearest(identifier, sorted(known), REMEDY)
    place = "" if records.engine is not None else f" (there is no store {records.uri} yet)"
    return f"nothing goes by {identifier!r} in this project{place}; {hint}"
