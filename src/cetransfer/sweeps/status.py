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
from cetransfer.sweeps.storage import DATABASE, NAME, TRIALS, open_storage, storage_errors
from cetransfer.sweeps.winners import WINNERS

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Progress:
    """The study of one outer fold.

    `asked` trials are to be made; `best` is the lowest inner error so far, which is no result, and
    `parameters` are those of its trial; `judged` tells whether the winner was scored on the fold.
    """

    folder: Path
    sweep: str
    outer: int
    asked: int
    trials: dict[str, int]
    best: float | None
    parameters: dict[str, Any]
    judged: bool

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
        names = sorted(
            optuna.get_all_study_names(storage), key=lambda name: int(name.rpartition("-")[2])
        )
        return [
            _progress(folder, optuna.load_study(study_name=name, storage=storage)) for name in names
        ]


def _progress(folder: Path, study: optuna.Study) -> Progress:
    complete = [
        trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE
    ]
    best = min(complete, key=lambda trial: trial.values[0], default=None)
    told = study.user_attrs
    return Progress(
        folder=folder,
        sweep=str(told.get(NAME)),
        outer=int(study.study_name.rpartition("-")[2]),
        asked=int(told.get(TRIALS, 0)),
        trials=counts(study),
        best=best.values[0] if best else None,
        parameters=dict(best.params) if best else {},
        judged=WINNERS in told,
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
