"""The flags that Hydra takes, so that another one is answered in one line."""

from __future__ import annotations

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
    "--config-path": (),
    "-cp": (),
    "--config-name": (),
    "-cn": (),
    "--config-dir": (),
    "-cd": (),
    "--experimental-rerun": (),
}

#: others; `--info` may have a value
ALONE = (
    *("--help", "-h", "--hydra-help", "--version", "--resolve", "--run", "-r", "--multirun", "-m"),
    *("--shell-completion", "-sc", "--info", "-i"),
)


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
