"""What a comparison prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.progress import show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cetransfer.evaluation.comparison import Comparison
    from cetransfer.evaluation.scores import Score
    from cetransfer.tracking.store import Store
    from cetransfer.transfer.strategy import LayerPlan

#: a table is never squeezed below this, also where there is no terminal to ask for its width
WIDTH = 122

WORDS = {
    "gain": "gain",
    "negative_transfer": "negative transfer",
    "not_distinguishable": "not distinguishable",
    None: "",
}


def show_plans(plans: Mapping[str, Sequence[LayerPlan]], hidden: Sequence[int]) -> None:
    """Print, on standard error, what each strategy does to each layer."""
    table = Table(
        box=SIMPLE_HEAD,
        title="each layer: random, copied from the source net, or copied and frozen",
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("strategy", no_wrap=True)
    for number, width in enumerate([*hidden, 1], start=1):
        table.add_column(f"layer {number} ({width})")
    for name, plan in plans.items():
        table.add_row(name, *(_start_of(layer) for layer in plan))
    show(table)


def _start_of(layer: LayerPlan) -> str:
    if layer.origin == "random":
        return "random"
    return "copied" if layer.trained else "frozen"


def show_comparison(comparison: Comparison) -> None:
    """Print the table of errors and the verdict in one sentence."""
    document = comparison.document
    unseen = document["n_unseen"] > 0
    table = Table(
        box=SIMPLE_HEAD,
        padding=0,
        title=f"{document['dataset']}: mean absolute error, eV/atom "
        f"({document['protocol']['folds']}-fold, {document['n_target']} labelled rows)",
        title_justify="left",
    )
    headers = ["MAE", "95 %", f"Δ {comparison.reference.name}", "95 %", "p", "Δ best baseline"]
    if unseen:
        headers.insert(2, "unseen")
    table.add_column("", no_wrap=True)
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for line in comparison.strategies:
        table.add_row(*_cells(line, unseen=unseen))
    table.add_section()
    for line in comparison.baselines:
        table.add_row(*_cells(line, unseen=unseen), style="dim")
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(table)
    console.print(sentence(comparison), highlight=False)


def _cells(line: Score, *, unseen: bool) -> list[str]:
    compared = line.p_corrected is not None
    cells = [
        line.name,
        f"{line.mae:.4f}",
        f"{line.mae_low:.3f} to {line.mae_high:.3f}",
        f"{line.delta:+.4f}" if compared else "",
        f"{line.delta_low:+.3f} {line.delta_high:+.3f}" if compared else "",
        _p(line.p_corrected),
        f"{line.delta_best_baseline:+.4f}",
        WORDS[line.verdict],
    ]
    if unseen:
        cells.insert(3, "" if line.mae_unseen is None else f"{line.mae_unseen:.4f}")
    return cells


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"  # noqa: PLR2004 - four decimals


def sentence(comparison: Comparison) -> str:
    """Return the verdict in one sentence."""
    best = min(comparison.strategies, key=lambda line: line.mae)
    if best.verdict is None:
        return f"Lowest error: {best.name}, {best.mae:.4f} eV/atom. No transfer did better."
    gain = {
        "gain": "The gain is more than chance",
        "not_distinguishable": "The difference is not distinguishable from chance",
        "negative_transfer": "The difference is more than chance",
    }[best.verdict]
    p = _p(best.p_corrected)
    relation = p.replace("<", "< ") if p.startswith("<") else f"= {p}"
    return (
        f"Lowest error: {best.name}, {best.mae:.4f} eV/atom, {best.delta:+.4f} against "
        f"{comparison.reference.name}. {gain} "
        f"(95 %: {best.delta_low:+.4f} to {best.delta_high:+.4f}, corrected p {relation})."
    )


def show_places(output: Path, store: Store, run_id: str) -> None:
    """Print where the files are and how to open the tracking pages."""
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"files     {output}", markup=False)
    console.print(f"tracking  run {run_id} in {store.uri}; `make ui` opens it", markup=False)
