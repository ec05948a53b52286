"""The commands that give the same numbers again."""

from __future__ import annotations

import io
import shlex
import subprocess
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cetransfer.composition import config_dir
from cetransfer.datasets import catalogue
from cetransfer.provenance import git_commit
from cetransfer.reproduction.overrides import overrides_for
from cetransfer.settings import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cetransfer.reproduction.work import Work


SHARED = ("sweep.storage", "sweep.study", "sweep.grace")
"""Keys of a sweep about the database that machines share."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Parameters
    ----------
    words
        Of the command line, after ``cetransfer``; where results go is not among them.
    here
        Is this checkout, clean, at the commit.
    notes
        What the commands cannot say, one line each.
    """

    words: list[str]
    here: bool
    notes: list[str]


def plan_for(work: Work, root: Path) -> Plan:
    """Return what to run for the numbers of some work.

    Raises
    ------
    UserError
        If no words make its configuration from the files of its commit.
    """
    commit, dirty = git_commit(root)
    here = work.commit is None or (commit == work.commit and not dirty)
    with conf_of(work.commit, root) as conf:
        if work.published:
            seed = int(work.document["seed"])
            words = ["protocol=paper2023", *([f"seed={seed}"] if seed else [])]
        elif work.command == "sweep":
            words = [word for word in work.document["words"] if not _says_where(word)]
        elif work.command == "screen":
            told = shlex.split(work.document["command"])[2:]
            words = [word for word in told if not _says_where(word)]
        else:
            words = overrides_for(work.document["config"], conf)
    return Plan([work.command, *words], here, _notes(work))


def _says_where(word: str) -> bool:
    """Tell whether a word of a command changes no number, only where things lie."""
    key = word.lstrip("+~").partition("=")[0]
    return key in SHARED or key.split(".")[0] in PLACES


@contextmanager
def conf_of(commit: str | None, root: Path) -> Iterator[Path]:
    """Yield the folder `conf/` as it was at a commit; the present one where that is not known."""
    packed = _packed_conf(commit, root) if commit else None
    if packed is None:
        yield config_dir()
        return
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder) / "conf"


def _packed_conf(commit: str, root: Path) -> bytes | None:
    """Return an archive of `conf/` at a commit; None where the repository does not have it."""
    words = ["git", "-C", str(root), "archive", commit, "conf"]
    try:
        return subprocess.run(words, check=True, capture_output=True).stdout  # noqa: S603 - no shell
    except (OSError, subprocess.CalledProcessError):
        return None


def script(work: Work, plan: Plan, output: Path) -> list[str]:
    """Return the lines that a person would type, remarks among them."""
    lines = [f"# {note}" for note in plan.notes]
    if work.commit is not None:
        lines.append(f"git checkout {work.commit}")
    told = shlex.join([*plan.words, *places(work, output)])
    last = [f".venv/bin/cetransfer {shlex.join(predicting(work, output))}"] if work.asked else []
    return [
        *lines,
        "make .venv/ready    # the environment, from requirements.lock",
        "make data           # dvc pull",
        f".venv/bin/cetransfer {told}",
        *last,
    ]


def predicting(work: Work, output: Path) -> list[str]:
    """Return the words that predict what was asked, with the model that was made again."""
    model = output / "result" / "models" / str(work.line)
    return ["predict", str(model), *work.asked, f"output={output / work.predictions}"]


def places(work: Work, output: Path) -> list[str]:
    """Return the words that keep everything that is made in a folder of its own."""
    result = output / ("source" if work.command == "train" else "result")
    own = [f"output_dir={result}", f"tracking.uri=sqlite:///{output / 'mlflow.db'}"]
    if work.command == "screen":
        return own
    own.append(f"features_dir={output / 'features'}")
    return own if work.command == "train" else [*own, f"source_dir={output / 'source'}"]


def _notes(work: Work) -> list[str]:
    notes = []
    if work.commit is None:
        notes.append("it was run outside a git repository: the code may be another")
    elif work.document.get("dirty"):
        notes.append(
            "files were changed and not committed when it was run: the code may be another"
        )
    if work.command == "sweep":
        workers = work.document["config"].get("compute", {}).get("workers")
        if workers not in {None, 1} or work.document["config"]["sweep"].get("storage"):
            notes.append("several worked on it: each trial can be repeated, their order cannot")
    model = work.document.get("model")
    if work.command == "screen" and model is not None:
        notes.append(f"model={model['asked']} must be model {model['id']}")
    known = {
        name
        for each in catalogue.names()
        for origin in catalogue.entry(each).origins
        for file in origin.files
        for name in (file, Path(file).name)
    }
    for file, value in work.document.get("data_hashes", {}).items():
        if file not in known and file != "data.dvc":
            notes.append(f"{file} must have SHA-256 {value}")
    return notes
