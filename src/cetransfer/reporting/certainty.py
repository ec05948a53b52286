"""What a comparison prints below its verdict: how sure it is, and which intervals hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from cetransfer.evaluation.comparison import Comparison
    from cetransfer.evaluation.coverage import Coverage, Held
    from cetransfer.evaluation.scores import Score

DASH = "-"


def show_certainty(comparison: Comparison, console: Console) -> None:
    """Print how sure each strategy's difference from the reference is, and whose luck it is."""
    margin, unit = comparison.document["protocol"]["margin"], comparison.document["unit"]
    table = _table(
        "95 % by elements",
        "p new sources",
        "better",
        "equal",
        "worse",
        "source luck",
        "seed luck",
        "fold luck",
        "rest",
    )
    for line in comparison.strategies:
        table.add_row(line.name, *_certainty(line))
    console.print(
        f"how sure: p for new source nets; odds of a Δ beyond {margin:g} {unit}; whose luck the Δ "
        "of a single net is",
        highlight=False,
    )
    console.print(table)


def _certainty(line: Score) -> Sequence[str]:
    interval = f"{line.mae_low_elements:.3f} to {line.mae_high_elements:.3f}"
    if line.p_better is None:
        return (interval,)
    shares = line.variance
    return (
        interval,
        DASH if line.p_new_sources is None else p_value(line.p_new_sources),
        *(_percent(value) for value in (line.p_better, line.p_equivalent, line.p_worse)),
        *(
            [DASH] * 4
            if shares is None
            else map(_percent, (shares.source, shares.target, shares.fold, shares.residual))
        ),
    )


def show_coverage(comparison: Comparison, console: Console) -> None:
    """Print how often each strategy's intervals hold on the rows never trained on."""
    document = comparison.document
    table = _table(
        "all rows",
        "low E",
        "middle E",
        "high E",
        "elements seen",
        "new",
        "in range",
        "outside",
        "width",
        "plain CV+",
    )
    for name, found in comparison.coverage.items():
        table.add_row(name, *_coverage(found))
    console.print(
        f"{document['coverage']['nominal']:.0%} intervals: share of the {document['n_unseen']} "
        f"rows never trained on that lies inside, and mean width in {document['unit']}",
        highlight=False,
    )
    console.print(table)
    console.print(document["coverage"]["promise"], highlight=False)


def _coverage(found: Coverage) -> Sequence[str]:
    kinds: tuple[Held, ...] = (
        found.overall,
        found.low,
        found.middle,
        found.high,
        found.element_seen,
        found.element_new,
        found.in_range,
        found.out_of_range,
    )
    shares = (_percent(kind.coverage) for kind in kinds)
    return (*shares, f"{found.width:.3f}", f"{found.width_unscaled:.3f}")


def p_value(value: float | None) -> str:
    """Return a p as it is printed."""
    if value is None:
        return ""
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"  # noqa: PLR2004 - four decimals


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{value:.1%}"


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table
