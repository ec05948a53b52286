"""The one exception that a user can cause, and the hint that goes with a wrong name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend: the message names the culprit, the place and the remedy.

    The command line prints it as one line and ends with exit status 2.
    """


class MissingValueError(UserError):
    """A key that has no default was given no value; `key` names it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} has no value; give {key}=VALUE")
        self.key = key


def nearest(word: str, known: Iterable[str], remedy: str) -> str:
    """Return how to mend a wrong name: the nearest of the known ones if one is near, and `remedy`.

    For example ``"did you mean seed? (see --cfg job for all keys)"``.
    """
    import difflib  # for mistakes only, and start-up time counts

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}? ({remedy})" if near else remedy
