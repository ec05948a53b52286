"""The comparison of the funnel with its alternatives on known answers, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.screening.worth.ranking import ranking, reliability
from cetransfer.screening.worth.resampling import LEVEL, element_weights
from cetransfer.screening.worth.rules import FUNNEL
from cetransfer.screening.worth.selection import selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.screening.worth.question import Question, Rule
    from cetransfer.screening.worth.ranking import Ranking

FEW = 10
"""With fewer compounds of either answer no criterion is recommended."""


@dataclass(frozen=True)
class Worth:
    """What was found: `worth.csv`, and what `screen.json` says of it."""

    table: pd.DataFrame
    document: dict[str, Any]


def worth_of(
    questions: Sequence[Question],
    rules: Sequence[Rule],
    sites: pd.DataFrame,
    random: np.random.Generator,
) -> Worth:
    """Compare rules on every question.

    Parameters
    ----------
    questions, rules
        Of n candidates; the funnel is the first rule.
    sites
        (n, ...) the elements on their cation sites.
    random
        For the intervals.
    """
    rows: list[dict[str, Any]] = []
    sentences, reliable = [], []
    for question in questions:
        own, truth = question.known, question.truth[question.known]
        weights = element_weights(sites[own], random)
        rankings: dict[str, Ranking] = {}
        for rule in rules:
            if rule.only not in {"", question.name} or not rule.judged[own].any():
                continue
            row = _row(question, rule, weights)
            if rule.score is not None:
                rankings[rule.name] = found = ranking(rule.score[own], truth, weights)
                row |= _three("enrichment_top_5_percent", found.enrichment_top)
                row |= _three("average_precision", found.average_precision)
                if rule.promises == question.name:
                    held = reliability(rule.score[own], truth)
                    row["brier"] = held.brier
                    reliable.append(
                        {"question": question.words, "criterion": rule.name, "bins": held.bins}
                    )
            rows.append(row)
        if question.fair:
            sentences.append(_sentence(question, rules, rankings))
    document = {
        "sentence": " ".join(sentences),
        "questions": [_told(question) for question in questions],
        "criteria": {rule.name: rule.words for rule in rules},
        "reliability": reliable,
    }
    return Worth(pd.DataFrame(rows), document)


def _row(question: Question, rule: Rule, weights: NDArray[np.float64]) -> dict[str, Any]:
    own = question.known
    truth, chosen = question.truth[own], rule.passes[own]
    found = selection(chosen, truth, weights)
    return {
        "question": question.words,
        "criterion": rule.name,
        "compounds": int(own.sum()),
        "yes": int(truth.sum()),
        "judged": int(rule.judged[own].sum()),
        "chosen": found.chosen,
        "hits": found.hits,
        **_three("precision", found.precision),
        **_three("recall", found.recall),
        **_three("enrichment", found.enrichment),
    }


def _three(name: str, values: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _told(question: Question) -> dict[str, Any]:
    answers = question.truth[question.known]
    return {
        "name": question.name,
        "words": question.words,
        "compounds": len(answers),
        "yes": int(answers.sum()),
    }


def _sentence(question: Question, rules: Sequence[Rule], rankings: dict[str, Ranking]) -> str:
    """Say which rule to use for a question, and why: the one with the best average precision."""
    answers = question.truth[question.known]
    yes = int(answers.sum())
    if min(yes, len(answers) - yes) < FEW:
        return (
            f"For what is {question.words}, {len(answers)} compounds with a known answer, {yes} of "
            f"them yes, are too few to choose a criterion by: {FEW} of either are wanted."
        )
    words = {rule.name: rule.words for rule in rules}
    best = max(rankings, key=lambda name: rankings[name].average_precision[0])
    value, low, high = rankings[best].average_precision
    told = (
        f"For what is {question.words}, rank by {best} ({words[best]}): its average precision on "
        f"{len(answers)} compounds, {yes} of them yes, is {value:.2f} (95 % {low:.2f} to "
        f"{high:.2f}; {answers.mean():.2f} by chance), and its first 5 % hold "
        f"{rankings[best].enrichment_top[0]:.1f} times as many as chance"
    )
    if best == FUNNEL:
        return f"{told}."
    funnel = rankings[FUNNEL]
    lower, upper = np.nanquantile(rankings[best].resampled - funnel.resampled, LEVEL)
    sure = "more than chance" if lower > 0 else "not distinguishable from chance"
    return (
        f"{told}; the probability of passing the funnel has {funnel.average_precision[0]:.2f}, a "
        f"difference that is {sure} (95 % {lower:+.3f} to {upper:+.3f})."
    )
