"""The command line: which command runs what, and how it ends."""

from __future__ import annotations

import importlib
import os
import re
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cetransfer import __version__
from cetransfer.errors import MissingValueError, UserError, nearest
from cetransfer.flags import check_flags
from cetransfer.passwords import without_passwords

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130

ALONE = (["-h"], ["--help"], ["help"], ["--version"])


@dataclass(frozen=True)
class Command:
    """A command: its one-line help, its primary config and the function that does the work.

    `words` are the keys that plain words after the command stand for, in their order; `rest` is the
    key of the list of all further ones. `flags` are words of its own that begin with two dashes:
    what each sets, and if that ends with ``=`` the next word is its value.
    """

    help: str
    config: str
    module: str
    function: str
    words: tuple[str, ...] = ()
    rest: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)


COMMANDS = {
    "compare": Command(
        "compare ways of reusing the source data; ends with a verdict",
        "config",
        "cetransfer.commands",
        "compare",
    ),
    "train": Command(
        "train the source nets and keep them for compare",
        "config",
        "cetransfer.commands",
        "train",
    ),
    "features": Command(
        "write the Center-Environment features of the data sets",
        "config",
        "cetransfer.commands",
        "features",
    ),
    "predict": Command(
        "predict compounds: predict MODEL INPUT..., formulas, tables or CIF files",
        "predict",
        "cetransfer.commands",
        "predict",
        ("model",),
        "inputs",
    ),
    "export": Command(
        "copy a model into a folder that can be taken anywhere: export MODEL",
        "export",
        "cetransfer.commands",
        "export",
        ("model",),
    ),
    "register": Command(
        "register a model in MLflow by name and version: register MODEL",
        "register",
        "cetransfer.model_commands",
        "register",
        ("model",),
    ),
    "promote": Command(
        "make a model the champion if it is better: promote MODEL [--force REASON]",
        "promote",
        "cetransfer.model_commands",
        "promote",
        ("model",),
        flags={"--force": "force="},
    ),
    "sweep": Command(
        "search over any keys: a nested study; the winner is scored on rows no trial saw",
        "sweep",
        "cetransfer.sweep_commands",
        "sweep",
    ),
    "sweep status": Command(
        "show how far sweeps are and the best so far: sweep status [sweep=NAME]",
        "sweep",
        "cetransfer.sweep_commands",
        "status",
    ),
    "screen": Command(
        "screen a space for compounds worth making: screen model=MODEL space=SPACE",
        "screen",
        "cetransfer.screening_commands",
        "screen",
    ),
    "suggest": Command(
        "name the compounds whose labels would help a model most: suggest n=50",
        "suggest",
        "cetransfer.suggest_commands",
        "suggest",
    ),
    "suggest simulate": Command(
        "what each way of choosing is worth, where all labels are known",
        "simulate",
        "cetransfer.suggest_commands",
        "simulate",
    ),
    "data list": Command(
        "list the data sets: size, origin, licence, whether it is here",
        "list",
        "cetransfer.commands",
        "list_data",
    ),
    "data show": Command(
        "show everything known of one data set: data show NAME",
        "show",
        "cetransfer.commands",
        "show_data",
        ("name",),
    ),
    "data audit": Command(
        "look for wrong labels: data audit SOURCE [TARGET], names or files",
        "audit",
        "cetransfer.commands",
        "audit",
        ("source", "target"),
    ),
    "data label": Command(
        "label all compositions of a prototype with CHGNet",
        "label",
        "cetransfer.commands",
        "label",
    ),
    "report": Command(
        "write a result as one HTML file with figures and their numbers: report RUN",
        "report",
        "cetransfer.report_commands",
        "report",
        ("run",),
    ),
    "lineage": Command(
        "show where a number came from: lineage ID [--verify]",
        "lineage",
        "cetransfer.tracing",
        "lineage",
        ("id",),
        flags={"--verify": "verify=true", "--descendants": "descendants="},
    ),
    "reproduce": Command(
        "print or run what gives the same numbers: reproduce ID [--run]",
        "reproduce",
        "cetransfer.tracing",
        "reproduce",
        ("id",),
        flags={"--run": "run=true"},
    ),
    "sync": Command(
        "send runs that wait on to their MLflow server",
        "sync",
        "cetransfer.tracing",
        "sync",
    ),
}

EXAMPLES = """\
Examples:
  cetransfer compare experiment=quick
  cetransfer compare dataset=li2023 network=small strategy=[target_only,fine_tune]
  cetransfer compare strategy.freeze.layers=2 protocol.members=3 seed=1
  cetransfer compare dataset=li2023 protocol=paper2023    published and leak-free errors
  cetransfer predict default SrTiO3 BaHfO3
  cetransfer predict default my.csv output=predicted.csv
  cetransfer promote surrogate-1a2b3c4d/fine_tune         then: cetransfer predict champion ...
  cetransfer sweep sweep=small
  cetransfer screen model=default space=abo3
  cetransfer suggest n=50 space=abo3
  cetransfer data audit li2023_spinel li2023_perovskite
  cetransfer data audit my.csv prototype=perovskite unit=kJ/mol
  cetransfer report outputs/compare/NAME                 report.html, figures and their numbers
  cetransfer lineage outputs/compare/NAME --verify       exits with 2 if something changed
  cetransfer lineage --descendants surrogate_perovskite:17
  cetransfer compare --cfg job            the configuration, without running
  cetransfer compare --help               all groups, their options and keys
"""


def usage() -> str:
    """Return the text of `cetransfer --help`."""
    lines = [
        "cetransfer: which way of reusing a big source data set gives the lowest error on a small",
        "target data set, and is the gain real?",
        "",
        "Usage: cetransfer COMMAND [KEY=VALUE ...] [HYDRA FLAGS]",
        "",
        "Commands:",
        *(f"  {name:<17}{command.help}" for name, command in COMMANDS.items()),
        "",
        EXAMPLES,
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status: 0, 2 for a user's error, 130 for Ctrl-C."""
    try:
        asked = arguments[1:2] if arguments[:1] == ["data"] else arguments[:1]
        if not arguments or asked in ALONE:
            version = arguments[:1] == ["--version"]
            print(f"cetransfer {__version__}" if version else usage(), flush=True)  # noqa: T201
            return 0
        name, command, rest = _parse(arguments)
        # threads that wait spin briefly, then sleep: spinning for long beside another busy process
        # slows a fit down many times over, not spinning at all costs a sixth on a quiet machine
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
        from cetransfer.compute.chosen import working_on

        for settings in _composed(name, command, rest):
            function = getattr(importlib.import_module(command.module), command.function)
            with working_on(settings.compute) if hasattr(settings, "compute") else nullcontext():
                function(settings)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader, `head` for example, has seen enough; the interpreter would complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UserError as error:
        sys.stdout.flush()
        line = without_passwords(" ".join(str(error).split()))
        print(f"cetransfer: {line}", file=sys.stderr)  # noqa: T201
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print(  # noqa: T201
            "\ncetransfer: interrupted; the same command goes on from the last finished step",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    return 0


def _composed(name: str, command: Command, rest: list[str]) -> list[Any]:
    """Return the settings of a command; a plain word that is missing is asked for as such."""
    from cetransfer.composition import compose_all

    try:
        return compose_all(f"cetransfer {name}", command.config, rest)
    except MissingValueError as error:
        if error.key not in command.words:
            raise
        words = [word.upper() for word in command.words[: command.words.index(error.key) + 1]]
        more = [f"{command.rest.removesuffix('s').upper()}..."] if command.rest else []
        asked = " ".join(["cetransfer", name, *words, *more])
        raise UserError(f"{error.key} has no value; give {asked}") from error


def _parse(arguments: list[str]) -> tuple[str, Command, list[str]]:
    name = " ".join(arguments[:2])
    if name not in COMMANDS and arguments[0] != "data":
        name = arguments[0]
    if name in COMMANDS:
        command = COMMANDS[name]
        rest = _without_flags(command, arguments[len(name.split()) :])
        check_flags(name, rest, command.flags)
        if rest and not command.words and not command.rest and re.fullmatch(r"\w[\w-]*", rest[0]):
            longer = [each for each in COMMANDS if each.startswith(f"{name} ")]
            remedy = "keys are given as KEY=VALUE, see --help"
            hint = nearest(f"{name} {rest[0]}", longer, remedy) if longer else remedy
            raise UserError(f"{name} takes no word {rest[0]!r}; {hint}")
        return name, command, _with_keys(command, rest)
    if name == "data":
        inner = ", ".join(key.split()[1] for key in COMMANDS if key.startswith("data "))
        raise UserError(f"data needs another word: {inner}; see `cetransfer --help`")
    hint = nearest(name, COMMANDS, "see `cetransfer --help`")
    raise UserError(f"there is no command {name!r}; {hint}")


def _without_flags(command: Command, arguments: list[str]) -> list[str]:
    """Turn the flags of a command into overrides, which come after its plain words.

    Raises
    ------
    UserError
        If the value of a flag is missing.
    """
    rest, set_by_flags = [], []
    words = iter(arguments)
    for word in words:
        flag, given, value = word.partition("=")
        meaning = command.flags.get(flag)
        if meaning is None:
            rest.append(word)
        elif not meaning.endswith("="):
            if given:
                raise UserError(f"{flag} takes no value; leave out {given}{value}")
            set_by_flags.append(meaning)
        else:
            value = value if given else next(words, "")
            if not value or value.startswith("--"):
                raise UserError(f"{flag} needs a value; see `cetransfer --help`")
            set_by_flags.append(f"{meaning}{_quoted(value)}")
    return rest + set_by_flags


def _with_keys(command: Command, arguments: list[str]) -> list[str]:
    """Put its key before each of the plain words that the arguments begin with.

    Where a command takes any number of words, they may stand after keys as well, but not after a
    flag, whose value they may be.
    """
    words: list[str] = []
    others: list[str] = []
    for word in arguments:
        plain = not re.search("^-|=", word)
        if command.rest:
            taken = plain and not any(other.startswith("-") for other in others)
        else:
            taken = plain and not others and len(words) < len(command.words)
        (words if taken else others).append(word)
    words = [_quoted(word) for word in words]
    named = [f"{key}={word}" for key, word in zip(command.words, words, strict=False)]
    if further := words[len(command.words) :]:
        named.append(f"{command.rest}=[{','.join(further)}]")
    return [*named, *others]


def _quoted(word: str) -> str:
    """Quote a word, as a file may have a name that means something in Hydra's grammar.

    There only quotes are escaped, and backslashes before them.
    """
    escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", word).replace("'", r"\'")
    return f"'{escaped}'"
