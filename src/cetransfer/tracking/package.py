"""A model packaged for MLflow: its folder, the code that predicts with it and what this needs."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.files import write_aside
from cetransfer.models import folder as files
from cetransfer.models.environment import requirements
from cetransfer.models.load import load
from cetransfer.models.pyfunc import CIF, FORMULA, Served, input_columns
from cetransfer.models.registered import INSIDE
from cetransfer.models.wheel import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from mlflow.models import ModelSignature

    from cetransfer.models.model import Model

LOADER = "cetransfer.models.pyfunc"


def write_package(folder: Path, place: Path, further: dict[str, pd.DataFrame]) -> None:
    """Write what `mlflow models serve` serves, and nothing that would run code when it is read.

    Parameters
    ----------
    folder
        Of the model.
    place
        Where the package goes; a whole one that is there already stays as it is.
    further
        Tables that go along, by file name, as parquet.

    Raises
    ------
    UserError
        If a file of the model was changed, or the package cannot be written.
    """
    import mlflow.pyfunc

    if place.exists():
        if _is_whole(place):
            return
        shutil.rmtree(place)
    with write_aside(place, "a project's folder that is yours") as aside:
        work = aside.with_suffix(".work")
        try:
            work.mkdir(parents=True)
            files.copy(folder, work / INSIDE[-1], {})
            wheel = write_wheel(work)
            model = load(work / INSIDE[-1])
            with warnings.catch_warnings():
                # that models of structures have no example
                warnings.simplefilter("ignore", UserWarning)
                mlflow.pyfunc.save_model(
                    path=str(aside),
                    loader_module=LOADER,
                    data_path=str(work / INSIDE[-1]),
                    code_paths=[str(wheel)],
                    pip_requirements=[f"code/{wheel.name}", *requirements()],
                    signature=signature(model.about),
                    input_example=example(model),
                    metadata={"cetransfer.model": model.id},
                )
        finally:
            shutil.rmtree(work, ignore_errors=True)
        for name, table in further.items():
            table.to_parquet(aside / name, index=False)


def _is_whole(place: Path) -> bool:
    try:
        files.read(place.joinpath(*INSIDE))
    except UserError:
        return False
    return True


def signature(about: dict[str, Any]) -> ModelSignature:
    """Return the columns that a described model takes and gives."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    texts = (FORMULA, *about["roles"])
    numbers = ((about["quantity"], True), ("lower", False), ("upper", False))
    return ModelSignature(
        Schema([ColSpec("string", name) for name in input_columns(about)]),
        Schema(
            [
                *(ColSpec("string", name) for name in texts),
                *(ColSpec("double", name, required=always) for name, always in numbers),
                *(ColSpec("string", name) for name in ("applicability", "model")),
            ]
        ),
    )


def example(model: Model) -> pd.DataFrame | None:
    """Return a request that the model answers; None for models of structures.

    Raises
    ------
    UserError
        If the model does not answer it.
    """
    import pandas as pd

    kind = model.kind
    if input_columns(model.about) == [CIF] or kind.prototype is None:
        return None
    taken: list[str] = []
    for role in kind.roles:
        own = model.known.elements[role]
        taken.append(next((element for element in own if element not in taken), own[0]))
    asked = pd.DataFrame(
        {FORMULA: [kind.prototype.formula(dict(zip(kind.roles, taken, strict=True)))]}
    )
    if len(Served(model).predict(asked)) != 1:
        raise UserError(f"model {model.id} does not answer for {asked[FORMULA].iloc[0]}")
    return asked
