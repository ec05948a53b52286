"""The flags of the command line: Hydra's, of which those that load code are not taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: flags that the next word belongs to, unless their value stands behind ``=``; what it may be
WITH_VALUE: dict[str, tuple[str, ...]] = {
    "--cfg": ("job", "hydra", "all"),
    "-c": ("job", "hydra", "all"),
    "--package": (),
    "-p": (),
    "--config-dir": (),
    "-cd": (),
}

RUN, SEVERAL, FOLDER, INFO = (
    *(("--run", "-r"), ("--multirun", "-m")),
    *(("--config-dir", "-cd"), ("--info", "-i")),
)

#: others; `--info` may have a value
ALONE = (
    *("--help", "-h", "--hydra-help", "--version", "--resolve"),
    *("--shell-completion", "-sc", *RUN, *SEVERAL, *INFO),
)

INFOS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")


@dataclass(frozen=True)
class Asked:
    """What a command line asks of Hydra.

    Parameters
    ----------
    words
        Overrides.
    folder
        Of ``--config-dir``; empty if there is none.
    several
        Is every combination of several values asked for.
    printed
        Is something to be printed about the configuration, and nothing to be run.
    """

    words: list[str]
    folder: str
    several: bool
    printed: bool


def split_flags(arguments: Sequence[str]) -> Asked:
    """Take arguments apart, which `check_flags` has let pass."""
    words, folder, several, printed = [], "", False, False
    rest, last = iter(arguments), ""
    for word in rest:
        flag, given, value = word.partition("=")
        if not flag.startswith("-"):
            words += [] if last in INFO and word in INFOS else [word]
        elif flag in FOLDER:
            folder = value if given else next(rest)
        elif flag in SEVERAL:
            several = True
        elif flag not in RUN:
            printed = True
            if flag in WITH_VALUE and not given:
                next(rest)
        last = flag
    return Asked(words, folder, several, printed)


def check_flags(command: str, arguments: Sequence[str], own: Iterable[str]) -> None:
    """Refuse flags that neither we nor Hydra have, and values that they do not take.

    Parameters
    ----------
    command
        Its name, for the message.
    arguments
        What stands after it, our own flags already replaced.
    own
        These flags of ours, which a wrong one may be meant for.

    Raises
    ------
    UserError
        Naming the flag and the nearest one.
    """
    words = iter(arguments)
    for word in words:
        flag, given, value = word.partition("=")
        if not flag.startswith("-"):
            continue
        if flag in WITH_VALUE:
            value = value if given else next(words, "")
            allowed = WITH_VALUE[flag]
            if not value or (allowed and value not in allowed):
                remedy = f"choose {', '.join(allowed)}" if allowed else "give one behind it"
                raise UserError(f"{flag} has no value {value!r}; {remedy}")
        elif flag not in ALONE:
            remedy = f"keys are given as KEY=VALUE, see `cetransfer {command} --help`"
            known = [each for each in (*own, *WITH_VALUE, *ALONE) if each.startswith("--")]
            raise UserError(f"there is no flag {flag}; {nearest(flag, known, remedy)}")
