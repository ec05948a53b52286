"""Writing to the local MLflow registry: versions of models, and the alias of the champion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.models.registered import CHAMPION, MODEL, Version, of_model
from cetransfer.tracking.package import write_package
from cetransfer.tracking.store import SQLITE, database, import_mlflow, relocate, store_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from mlflow import MlflowClient

FOLDER = "registered"
"""Below the artifacts: NAME/ID is the package of a model."""

SCORED = "scored.parquet"
"""In a package: the model's predictions on the rows it was scored on."""

PROMOTED = "promoted."
"""What the tags begin with that say why a version became the champion."""

REMEDY = "end what holds it, make it writable, or mend it"


@dataclass(frozen=True)
class Registry:
    """The local registry, open for writing."""

    client: MlflowClient
    root: Path

    @property
    def uri(self) -> str:
        """Its address."""
        return f"{SQLITE}{database(self.root)}"


def check_name(name: str) -> None:
    """Refuse names that mean something else in an address or a path.

    Raises
    ------
    UserError
        Naming what would be right.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", name):
        raise UserError(
            f"name={name} is no name of a model; give letters, digits, '_', '-' and '.'"
        )


def open_registry(root: Path) -> Registry:
    """Open the local registry, making the store where it is not there yet.

    Raises
    ------
    UserError
        If it cannot be opened.
    """
    import_mlflow()
    from mlflow import MlflowClient

    uri = f"{SQLITE}{database(root)}"
    with store_errors(uri, REMEDY):
        database(root).parent.mkdir(parents=True, exist_ok=True)
        relocate(root)
        return Registry(MlflowClient(uri, registry_uri=uri), root)


def register(
    registry: Registry,
    name: str,
    folder: Path,
    about: Mapping[str, Any],
    scored: pd.DataFrame | None,
) -> tuple[Version, bool]:
    """Package a model and make it a version, and tell whether it was none before.

    Parameters
    ----------
    registry
        The open registry.
    name
        Of the registered model.
    folder, about
        The model's folder, and its checked description.
    scored
        Its predictions on the rows it was scored on, where they are known.

    Raises
    ------
    UserError
        If the package or the registry cannot be written.
    """
    place = registry.root.resolve() / "mlruns" / "artifacts" / FOLDER / name / about["id"]
    write_package(folder, place, {} if scored is None else {SCORED: scored})
    known = of_model(name, about["id"], registry.root)
    if known is not None:
        return known, False
    (wheel,) = place.glob("code/*.whl")
    tags = {
        MODEL: about["id"],
        "cetransfer.strategy": about["strategy"]["name"],
        "cetransfer.dataset": about["dataset"],
        "cetransfer.key": about["comparison"],
        "cetransfer.wheel": sha256(wheel),
        "mlflow.source.git.commit": str(about["commit"]),
        "mae": f"{about['scores']['mae']:.6g}",
    }
    with store_errors(registry.uri, REMEDY):
        if not registry.client.search_registered_models(f"name = '{name}'"):
            registry.client.create_registered_model(name)
        runs = runs_of(registry, about["id"])
        made = registry.client.create_model_version(
            name, place.as_uri(), run_id=runs[0].info.run_id if runs else None, tags=tags
        )
    return Version(name, int(made.version), about["id"], place), True


def make_champion(registry: Registry, version: Version, told: Mapping[str, str]) -> None:
    """Move the alias to a version; `told` is why, and becomes tags of the version before that.

    Raises
    ------
    UserError
        If the registry cannot be written.
    """
    number = str(version.number)
    with store_errors(registry.uri, REMEDY):
        before = registry.client.get_model_version(version.name, number).tags
        for key in before:
            # of an earlier time that it was the champion
            if key.startswith(PROMOTED) and key.removeprefix(PROMOTED) not in told:
                registry.client.delete_model_version_tag(version.name, number, key)
        for key, value in told.items():
            registry.client.set_model_version_tag(version.name, number, PROMOTED + key, value)
        registry.client.set_registered_model_alias(version.name, CHAMPION, number)


def compared_in(registry: Registry, model: str) -> list[Path]:
    """Return the artifacts of the comparisons that made a model, the latest first.

    Raises
    ------
    UserError
        If the store cannot be read.
    """
    with store_errors(registry.uri, REMEDY):
        parents = [run.data.tags.get("mlflow.parentRunId") for run in runs_of(registry, model)]
        addresses = [
            urlsplit(registry.client.get_run(parent).info.artifact_uri)
            for parent in parents
            if parent is not None
        ]
    return [Path(unquote(each.path)) for each in addresses if each.scheme == "file"]


def runs_of(registry: Registry, model: str) -> list[Any]:
    """Return the finished runs of the strategy that made a model, the latest first."""
    experiments = [each.experiment_id for each in registry.client.search_experiments()]
    return list(
        registry.client.search_runs(
            experiments,
            f"tags.`{MODEL}` = '{model}' AND attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
        )
    )
