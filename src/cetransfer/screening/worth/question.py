"""What is asked on known answers, and the rules that answer: criteria alone or together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Question:
    """Candidates whose answer is known.

    Parameters
    ----------
    name
        ``perovskite`` or ``stable``; the same of several questions on parts of the compounds.
    words
        What is asked, and who knows.
    known
        (n,) whose answer is known and counts.
    truth
        (n,) where the answer is yes.
    fair
        Whether no rule was made with these answers, so that rules can be chosen by them.
    """

    name: str
    words: str
    known: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    fair: bool = True


@dataclass(frozen=True)
class Rule:
    """A way to choose among n candidates.

    Parameters
    ----------
    name, words
        What it is called, and what it chooses.
    passes
        (n,) what it chooses; nothing of which it knows nothing.
    score
        (n,) higher for what it puts first, NaN where it knows nothing; None where it does not rank.
    judged
        (n,) of which it knows something.
    promises
        Name of the question whose yes the score is a probability of, "" if it is none.
    only
        Name of the question that it is for; "" for any.
    energetic
        Whether it rests on the predicted energies.
    """

    name: str
    words: str
    passes: NDArray[np.bool_]
    score: NDArray[np.float64] | None
    judged: NDArray[np.bool_]
    promises: str = ""
    only: str = ""
    energetic: bool = False
