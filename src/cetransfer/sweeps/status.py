"""How far sweeps are: read from their databases, which are not written to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import TrialState

from cetransfer.errors import UserError, nearest
from cetransfer.sweeps.result import counts
from cetransfer.sweeps.storage import (
    DATABASE,
    KEY,
    NAME,
    TRIALS,
    at_work,
    open_storage,
    storage_errors,
    study_name,
)
from cetransfer.sweeps.winners import WINNERS

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.storages import BaseStorage


@dataclass(frozen=True)
class Progress:
    """The study of one outer fold.

    `place` is the sweep's folder, or its name in a shared database. `asked` trials are to be made;
    `best` is the lowest inner error so far, which is no result, and `parameters` are those of its
    trial; `judged` tells whether the winner was scored on the fold. `machines` work on the sweep
    now.
    """

    place: str
    sweep: str
    outer: int
    asked: int
    trials: dict[str, int]
    best: float | None
    parameters: dict[str, Any]
    judged: bool
    machines: int

    @property
    def finished(self) -> int:
        """Trials that came to an end."""
        return sum(self.trials[state] for state in ("complete", "pruned", "failed"))


def progress_of(folder: Path) -> list[Progress]:
    """Return how far the studies of a sweep's folder are.

    Raises
    ------
    UserError
        If its database cannot be read.
    """
    path = folder / DATABASE
    with storage_errors(path):
        # opening would make what is not there
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("SELECT study_name FROM studies")
        storage = open_storage(folder)
        working = at_work(folder)
        return [_progress(folder.name, study, working) for study in _studies(storage)]


def progress_of_shared(address: str, name: str | None, grace: float) -> list[Progress]:
    """Return how far the sweeps in a shared database are, or the one of a name.

    Raises
    ------
    UserError
        If there is none, or the database cannot be read.
    """
    from cetransfer.sweeps.shared import address_of, look_at_shared, shown
    from cetransfer.sweeps.signs import Signs

    found: list[Progress] = []
    with look_at_shared(address) as opened:
        if opened is not None:
            storage, engine = opened
            for study in _studies(storage):
                place = study.study_name.rpartition("/")[0]
                living = len(Signs(engine, place, grace).living())
                found.append(_progress(place, study, living))
    places = {study.place for study in found}
    asked = [study for study in found if name in {None, study.place}]
    if not asked:
        hint = nearest(name, places, "see `sweep status` without a name") if name and places else ""
        begin = f"cetransfer sweep sweep={name or 'small'} sweep.storage=ADDRESS begins one"
        raise UserError(
            f"no sweep{f' {name}' if name else ''} was begun in {shown(address_of(address))}; "
            f"{hint or begin}"
        )
    return asked


def _studies(storage: BaseStorage) -> list[optuna.Study]:
    """Return the studies of ours, by sweep and outer fold."""
    ours = study_name(0).removesuffix("0")

    def order(name: str) -> tuple[str, int]:
        place, _, last = name.rpartition("/")
        return place, int(last.removeprefix(ours))

    names = [
        name
        for name in optuna.get_all_study_names(storage)
        if (last := name.rpartition("/")[2]).startswith(ours) and last.removeprefix(ours).isdigit()
    ]
    every = [
        optuna.load_study(study_name=name, storage=storage) for name in sorted(names, key=order)
    ]
    return [study for study in every if KEY in study.user_attrs]


def _progress(place: str, study: optuna.Study, machines: int) -> Progress:
    complete = [
        trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE
    ]
    best = min(complete, key=lambda trial: trial.values[0], default=None)
    told = study.user_attrs
    return Progress(
        place=place,
        sweep=str(told.get(NAME)),
        outer=int(study.study_name.rpartition("-")[2]),
        asked=int(told.get(TRIALS, 0)),
        trials=counts(study),
        best=best.values[0] if best else None,
        parameters=dict(best.params) if best else {},
        judged=WINNERS in told,
        machines=machines,
    )


def sweep_folders(outputs: Path, name: str | None) -> list[Path]:
    """Return the folders of all sweeps, or of those of one name, the last one written to first.

    Raises
    ------
    UserError
        If there is none.
    """
    found = [path.parent for path in outputs.glob(f"*/{DATABASE}")]
    names = {folder.name.rpartition("-")[0] for folder in found}
    if name is not None:
        found = [folder for folder in found if folder.name.rpartition("-")[0] == name]
    if not found:
        begin = f"cetransfer sweep sweep={name or 'small'} begins one"
        hint = nearest(name, names, begin) if name and names else begin
        of = f"sweep={name} was not begun here" if name else "no sweep was begun here"
        raise UserError(f"{of} ({outputs}); {hint}")
    return sorted(found, key=lambda folder: (folder / DATABASE).stat().st_mtime, reverse=True)
