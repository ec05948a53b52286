"""Running the commands again, in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.models.folder import TARGET
from cetransfer.progress import say
from cetransfer.provenance import dvc_hashes
from cetransfer.reproduction.plan import places, predicting
from cetransfer.reproduction.work import COMMANDS, SOURCE_FILE, TABLES
from cetransfer.tracking.lineage.models import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cetransfer.reproduction.plan import Plan
    from cetransfer.reproduction.work import Work

LOCK = "requirements.lock"

FILES = ("radii", "known")
"""Keys that may name a file of the user's own, beside those that end in ``.path`` and the like."""


def run_again(work: Work, plan: Plan, root: Path, output: Path) -> Path:
    """Run the commands and return the file with the numbers that came out.

    Parameters
    ----------
    work, plan
        What to run.
    root
        The project's folder.
    output
        Where everything that is made goes; what is there of an earlier attempt goes first.

    Raises
    ------
    UserError
        If the commit is not here, or a command fails.
    """
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    with _checkout(work, plan, root, output) as folder:
        words = [*plan.words, *places(work, output)]
        words += _absolute(plan.words, root)
        if work.command == "screen" and work.document.get("model") is not None:
            words.append(f"model='{_model_folder(work.document['model'], root)}'")
        environment = {**os.environ}
        if folder != root:
            environment["PYTHONPATH"] = str(folder / "src")
        say(f"running in {folder}: cetransfer {' '.join(plan.words)}")
        command = [sys.executable, "-m", "cetransfer"]
        _call([*command, *words], folder, environment)
        if work.asked:
            _call([*command, *predicting(work, output)], folder, environment)
            return output / work.predictions
    if work.nets is not None:
        return output / "source" / work.nets / SOURCE_FILE
    if work.model:
        return output / "result" / "models" / str(work.line) / TARGET
    kinds = {command: kind for kind, command in COMMANDS.items() if kind != "paper2023"}
    kind = "paper2023" if work.published else kinds[work.command]
    return output / "result" / TABLES[kind]


@contextmanager
def _checkout(work: Work, plan: Plan, root: Path, output: Path) -> Iterator[Path]:
    """Yield a folder with the code of the commit and its data: this one, or a git worktree."""
    if plan.here or work.commit is None:
        yield root
        return
    folder = output / "checkout"
    git = ["git", "-C", str(root), "worktree"]
    _call([*git, "add", "--detach", "--force", str(folder), work.commit], root, dict(os.environ))
    try:
        if _differs(root / LOCK, folder / LOCK):
            say(f"{LOCK} of {work.commit[:12]} is another one: run with the packages of today")
        _bring_data(root, folder)
        yield folder
    finally:
        _call([*git, "remove", "--force", str(folder)], root, dict(os.environ))


def _bring_data(root: Path, folder: Path) -> None:
    """Put the versioned data into a worktree: those of this checkout if they are the same."""
    if not (folder / "data.dvc").is_file() or (folder / "data").exists():
        return
    if dvc_hashes(root) == dvc_hashes(folder) and (root / "data").is_dir():
        (folder / "data").symlink_to((root / "data").resolve(), target_is_directory=True)
        return
    _call([sys.executable, "-m", "dvc", "pull", "--quiet"], folder, dict(os.environ))


def _model_folder(asked: dict[str, Any], root: Path) -> Path:
    """Return where the model that was asked lies, whatever goes by its name now.

    Raises
    ------
    UserError
        If it is not in this project.
    """
    folder = folder_of(asked["id"], root)
    if folder is None:
        raise UserError(
            f"model {asked['id']}, asked as {asked['asked']}, is not in this project; bring its "
            "folder to models/, or reproduce the comparison that made it"
        )
    return folder.resolve()


def _absolute(words: list[str], root: Path) -> list[str]:
    """Return the words about files of the user's own, with paths that hold from any folder."""
    found = []
    for word in words:
        key, _, value = word.partition("=")
        path = value.strip("'")
        if (key in FILES or key.endswith((".path", ".structures", ".references"))) and path:
            near = next((each for each in (Path(path), root / path) if each.exists()), None)
            if near is not None:
                found.append(f"{key}='{near.resolve()}'")
    return found


def _differs(one: Path, other: Path) -> bool:
    if not (one.is_file() and other.is_file()):
        return one.is_file() != other.is_file()
    return one.read_bytes() != other.read_bytes()


def _call(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a command; its progress is shown, its result is not.

    Raises
    ------
    UserError
        If it fails, with what it said last.
    """
    done = subprocess.run(  # noqa: S603 - no shell
        words, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise UserError(f"running it again failed ({last}); the command was {' '.join(words)}")
