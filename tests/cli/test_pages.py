"""Every command of the documentation's pages is run, in the order of its page.

A block of commands is a fence of the language ``bash``; its further classes say how it is run:

``bash``
    as written, always; ``status=2`` for what is to end so.
``{.bash .small}``
    with few, small networks and few baselines, so that it takes seconds.
``{.bash .elsewhere why=REASON}``
    not here, for one of the reasons in `ELSEWHERE`.

A block with a title is a file, written before the commands below it are run; a block of ``python``
is a script; the lines of ``{.text .checked}`` must be among what the commands above it print. Of
``make TARGET`` only the target is looked for: the suite and CI are run by it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from cetransfer.evaluation import baselines
from cetransfer.evaluation.paper2023 import recipe

PROJECT = Path(__file__).parents[2]
PAGES = {path.stem: path for path in sorted((PROJECT / "docs" / "site").glob("*.md"))}
ELSEWHERE = {
    "cluster": "asks a Dask scheduler or a database on another machine",
    "forever": "goes on until it is ended",
    "git": "asks or changes the user's own git repository and its versioned data",
    "installs": "fetches the repository and installs packages",
    "key": "asks a service that wants the user's key",
    "server": "needs a server of the group's own",
    "slurm": "submits jobs to Slurm",
}
FEWER = ("network.hidden=[16,8]", "training.epochs=2", "training.source.epochs=1")
SMALL = {
    "compare": (*FEWER, "protocol.members=2", "dataset.n_labelled=30"),
    "train": FEWER,
    "sweep": (
        *FEWER,
        "protocol.members=2",
        "compute.workers=1",
        "sweep.trials=4",
        "sweep.batch=4",
        "sweep.outer_folds=2",
        "sweep.inner_folds=3",
        "sweep.rungs=[3]",
    ),
    "suggest simulate": (
        *FEWER,
        "seeds=2",
        "first=30",
        "n=10",
        "rounds=2",
        "further=1",
        "test=100",
        "dataset.n_labelled=300",
    ),
}
"""What is put before the words of a command to make it small."""

SMALL_PROTOCOLS = {
    "draws": ("protocol.draws=2",),
    "learning_curve": ("protocol.sizes=[20,40]",),
    "full": ("protocol.folds=3", "protocol.repeats=2"),
}
OTHERWISE = ("protocol.folds=3",)
KEPT_BASELINES = ("svr", "mean")
FENCE = re.compile(
    r"^```(?:(?P<language>\w+)|\{(?P<braces>[^}\n]*)\})?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fence of a page; `where` it stands is for messages."""

    where: str
    language: str
    classes: frozenset[str]
    named: dict[str, str]
    text: str

    @property
    def commands(self):
        """Return its commands, each in one line."""
        if self.language == "python":
            return [f"python -c {shlex.quote(self.text)}"]
        joined = self.text.replace("\\\n", " ").splitlines()
        return [line for line in joined if shlex.split(line, comments=True)]

    @property
    def runs(self):
        """Tell whether its commands are run here."""
        return self.language in {"bash", "python"} and "elsewhere" not in self.classes


def blocks(page):
    """Return the fences of a page in their order."""
    text = PAGES[page].read_text()
    return [made(page, text, found) for found in FENCE.finditer(text)]


def made(page, text, found):
    """Return one fence."""
    words = shlex.split(found["braces"] or "") or [f".{found['language'] or 'text'}"]
    first, *classes = [word[1:] for word in words if word.startswith(".")]
    named = dict(word.split("=", 1) for word in words if not word.startswith("."))
    where = f"{page}.md, line {text.count(chr(10), 0, found.start()) + 1}"
    return Block(where, first, frozenset(classes), named, found["text"])


ALL = {page: blocks(page) for page in PAGES}


@pytest.fixture(scope="session")
def held_out(tmp_path_factory):
    """Return where is kept what screenings train once for each model."""
    return tmp_path_factory.mktemp("held_out")


@pytest.fixture
def project(tools, copy_of_first, held_out, tmp_path):
    """Return a project with data and a model of its own, which commands may add to.

    It has a tracking store already: making one takes longer than most commands.
    """
    model = PROJECT / "models" / "default"
    if not model.is_dir():
        pytest.skip("models/default is not here: run `dvc pull`")
    folder = copy_of_first(tmp_path / "project", "compare")
    (folder / "outputs" / "held_out").symlink_to(held_out, target_is_directory=True)
    (folder / "data").unlink()
    shutil.copytree(tools.DATA, folder / "data")
    (folder / "models").mkdir()
    (folder / "models" / "default").symlink_to(model, target_is_directory=True)
    return folder


@pytest.fixture
def small():
    """Give a context in which there are few baselines and the paper's trainings take an epoch."""

    @contextmanager
    def smaller():
        few = {name: baselines.BASELINES[name] for name in KEPT_BASELINES}
        paper = recipe.PAPER
        arms = (replace(arm, epochs=1) for arm in (paper.target_only, paper.transfer))
        short = recipe.Recipe(replace(paper.source, epochs=1, folds=1), *arms)
        with (
            patch.dict(baselines.BASELINES, few, clear=True),
            patch.object(recipe, "PAPER", short),
        ):
            yield

    return smaller


def in_the_shell(command, project):
    """Run a line in bash, where `cetransfer` is the command of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", command],
        cwd=project,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )


def name_of(words):
    """Return the name of a command that can be made small; some have two words."""
    return next((name for name in (" ".join(words[:2]), words[0]) if name in SMALL), None)


def small_words(command, rest):
    """Return what makes a command small; a fixed procedure takes no words."""
    (protocol,) = [word[9:] for word in rest if word.startswith("protocol=")] or ["default"]
    if protocol == "paper2023":
        return ()
    split = SMALL_PROTOCOLS.get(protocol, OTHERWISE) if command == "compare" else ()
    return (*SMALL[command], *split)


@pytest.fixture
def run(project, inside, small):
    """Call with a command to run it in the project."""

    def run_command(command, *, smaller):
        program, *words = shlex.split(command, comments=True)
        if program == "make":
            folder = shlex.quote(str(PROJECT))
            return in_the_shell(f"make --dry-run --directory={folder} {words[0]}", project)
        if program != "cetransfer" or "--help" in words or re.search("[|<>;$]", " ".join(words)):
            return in_the_shell(command, project)
        if not smaller:
            return inside(*words, cwd=project)
        name = name_of(words)
        rest = words[len(name.split()) :]
        with small():
            return inside(*name.split(), *small_words(name, rest), *rest, cwd=project)

    return run_command


def plain(text):
    """Return the lines of a text without the spaces that a table or terminal brings."""
    return {" ".join(line.split()) for line in text.splitlines()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page, found in ALL.items() if any(block.runs for block in found)]
)
def test_the_commands_of_a_page_run(page, project, run, mirror):
    assert mirror
    printed = None
    for block in ALL[page]:
        if "title" in block.named:
            file = project / block.named["title"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif "checked" in block.classes and printed is not None:
            assert plain(block.text) <= plain(printed), f"{block.where}: not printed\n{printed}"
        elif block.runs:
            printed = "\n"
            for command in block.commands:
                done = run(command, smaller="small" in block.classes)
                printed += done.stdout + done.stderr
                wanted = int(block.named.get("status", 0))
                assert done.returncode == wanted, f"{block.where}: {command}\n{printed[-3000:]}"
        elif block.language == "bash":
            printed = None


@pytest.mark.parametrize("page", PAGES)
def test_each_block_says_what_is_known_here(page):
    for block in ALL[page]:
        about = SimpleNamespace(classes=block.classes, named=set(block.named))
        known = {"small", "elsewhere"} if block.language == "bash" else {"checked"}
        assert about.classes <= known, block.where
        assert about.named <= {"title", "status", "why"}, block.where
        assert ("elsewhere" in block.classes) == (block.named.get("why") in ELSEWHERE), block.where
        if "small" in block.classes:
            assert all(name_of(shlex.split(each)[1:]) for each in block.commands), block.where
