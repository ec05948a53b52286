"""What a repetition of the paper's procedure prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.reporting.certainty import p_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cetransfer.evaluation.paper2023.repetition import Repetition

ARMS = {"target_only": "target only", "transfer": "transfer"}

#: procedure, measure and title of what stands beside the three main columns
FURTHER = (
    ("repeated", "best", "repeated, best epoch"),
    ("repeated", "hold_out", "repeated, hold-out"),
    ("leak_free", "hold_out", "leak-free, hold-out"),
)


def show_repetition(found: Repetition) -> None:
    """Print published, repeated and leak-free errors side by side, and a sentence under them."""
    document = found.document
    table = Table(
        box=SIMPLE_HEAD,
        title=f"procedure of Li et al. (2023): mean absolute error, {document['unit']}, mean over "
        "10 folds after the last epoch",
        title_justify="left",
    )
    console = Console()
    console.width = max(console.width, 100) if not console.is_terminal else console.width
    table.add_column("", no_wrap=True)
    for title in ("published", "repeated", "leak-free", *(title for _, _, title in FURTHER)):
        table.add_column(title, justify="right")
    for arm, title in ARMS.items():
        table.add_row(
            title,
            f"{document['published'][arm]:.3f}",
            *(f"{document[procedure][arm]['last']:.4f}" for procedure in ("repeated", "leak_free")),
            *(f"{document[procedure][arm][measure]:.4f}" for procedure, measure, _ in FURTHER),
        )
    delta = document["delta"]
    table.add_row(
        "difference",
        f"{delta['published']:+.3f}",
        *(f"{delta[procedure]:+.4f}" for procedure in ("repeated", "leak_free")),
    )
    console.print(table)
    console.print(sentence(document), highlight=False)


def sentence(document: Mapping[str, Any]) -> str:
    """Return in one sentence what is left of the gain without the leaks."""
    delta = document["delta"]
    p = p_value(delta["p"])
    relation = p.replace("<", "< ") if p.startswith("<") else f"= {p}"
    return (
        f"Transfer changes the error by {delta['repeated']:+.4f} {document['unit']} as published "
        f"and by {delta['leak_free']:+.4f} without the leaks (95 %: {delta['low']:+.4f} to "
        f"{delta['high']:+.4f}, corrected resampled t over 10 folds, p {relation}); in both, the "
        "two arms differ in learning rate, epochs and penalty too."
    )
