"""Every command of the documentation's pages is run, in the order of its page.

A block of commands is a fence of the language ``bash``; its further classes say how it is run:

``bash``
    as written, always.
``{.bash .small}``
    with the words of `SMALL` behind each command that trains, so that it takes seconds; with
    ``.slow`` as well, as written among the slow tests.
``{.bash .slow}``
    as written, among the slow tests only.
``{.bash .elsewhere why=REASON}``
    not here, for one of the reasons in `ELSEWHERE`.

A block with a title is a file, written before the commands below it are run; a block of ``python``
is a script; the lines of ``{.text .checked}`` must be among what the commands above it print.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = {path.stem: path for path in sorted((PROJECT / "docs" / "site").glob("*.md"))}
ELSEWHERE = {
    "slurm": "submits jobs to Slurm",
    "cluster": "asks a Dask scheduler on another machine",
    "key": "asks a service that wants the user's key",
    "server": "needs a server of the group's own",
    "forever": "goes on until it is ended",
    "installs": "installs packages or fetches the repository",
    "git": "changes or asks the user's own git repository and its versioned data",
}
SMALL = {
    "compare": (
        "network.hidden=[16]",
        "training.epochs=2",
        "training.source.epochs=1",
        "protocol.members=2",
        "protocol.folds=3",
    ),
    "sweep": (
        "network.hidden=[16]",
        "training.epochs=2",
        "training.source.epochs=1",
    ),
}
FENCE = re.compile(r"^```(?:(?P<language>\w+)|\{(?P<braces>[^}\n]*)\})?\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A fence of a page."""

    page: str
    line: int
    language: str
    classes: frozenset[str]
    named: dict[str, str]
    text: str

    @property
    def commands(self):
        """Its commands, each in one line."""
        joined = self.text.replace("\\\n", " ").splitlines()
        return [line for line in joined if shlex.split(line, comments=True)]


def blocks(page):
    """Return the fences of a page in their order."""
    text = PAGES[page].read_text()
    return [made(page, text, found) for found in FENCE.finditer(text)]


def made(page, text, found):
    words = shlex.split(found["braces"] or "") or [f".{found['language'] or 'text'}"]
    first, *classes = [word[1:] for word in words if word.startswith(".")]
    named = dict(word.split("=", 1) for word in words if not word.startswith("."))
    line = text.count("\n", 0, found.start()) + 1
    return Block(page, line, first, frozenset(classes), named, found["text"])


ALL = {page: blocks(page) for page in PAGES}
WITH_COMMANDS = [
    page for page, found in ALL.items() if any(b.language in ("bash", "python") for b in found)
]


@pytest.fixture
def project(tools, tmp_path):
    """Return a project folder with data and model of its own, which commands may add to."""
    folder = tools.make_project(tmp_path / "project")
    (folder / "data").unlink()
    shutil.copytree(tools.DATA, folder / "data")
    model = PROJECT / "models" / "default"
    if not model.is_dir():
        pytest.skip("models/default is not here: run `dvc pull`")
    (folder / "models").mkdir()
    (folder / "models" / "default").symlink_to(model, target_is_directory=True)
    return folder


def in_the_shell(command, project):
    """Run a line in bash, where `cetransfer` is the command of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", command],
        cwd=project,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def run(block, project, inside, *, small):
    """Run what a block says and return what it printed."""
    if "title" in block.named:
        (project / block.named["title"]).write_text(block.text)
        return ""
    if block.language == "python":
        commands = [f"python -c {shlex.quote(block.text)}"]
    else:
        commands = block.commands
    printed = ""
    for command in commands:
        words = shlex.split(command, comments=True)
        if words[0] == "make":
            # its targets are commands of this page, of the suite or of CI; here: that they exist
            command = f"make --dry-run --directory={shlex.quote(str(PROJECT))} {words[1]}"
        if words[0] == "cetransfer" and not re.search(r"[|<>;$*]", command):
            done = inside(*words[1:], *(SMALL.get(words[1], ()) if small else ()), cwd=project)
            status, out, err = done.returncode, done.stdout, done.stderr
        else:
            status, out, err = in_the_shell(command, project)
        where = f"{block.page}.md, line {block.line}: {command}"
        wanted = int(block.named.get("status", 0))
        assert status == wanted, f"{where}\nended with {status}\n{out[-2000:]}\n{err[-2000:]}"
        printed += out + err
    return printed


def plain(text):
    """Return the lines of a text without the spaces that a table or terminal brings."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def run_page(page, project, inside, *, slow):
    """Run a page from its first block to its last."""
    printed = ""
    for block in ALL[page]:
        if block.language == "text" and "checked" in block.classes:
            missing = set(plain(block.text)) - set(plain(printed))
            assert not missing, f"{page}.md, line {block.line}: not printed: {missing}"
        if block.language not in ("bash", "python") and "title" not in block.named:
            continue
        if "elsewhere" in block.classes or ("slow" in block.classes and not slow):
            if not {"slow", "small"} <= block.classes:
                continue
        small = "small" in block.classes and not (slow and "slow" in block.classes)
        printed = run(block, project, inside, small=small)


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_the_commands_of_a_page_run(page, project, inside, mirror):
    assert mirror
    run_page(page, project, inside, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in WITH_COMMANDS if any("slow" in b.classes for b in ALL[page])]
)
def test_the_long_commands_of_a_page_run(page, project, inside, mirror):
    assert mirror
    run_page(page, project, inside, slow=True)
