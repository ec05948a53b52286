"""What a comparison prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.evaluation.baselines import BEST
from cetransfer.progress import show
from cetransfer.reporting.certainty import p_value, show_certainty, show_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cetransfer.evaluation.comparison import Comparison
    from cetransfer.evaluation.contrast import Contrast
    from cetransfer.evaluation.scores import Score
    from cetransfer.reporting.pages.comparison.stored import Stored
    from cetransfer.tracking.store import Store
    from cetransfer.transfer.strategy import LayerPlan, Strategy

#: a table is never squeezed below this, also where there is no terminal to ask for its width
WIDTH = 122

WORDS = {
    "gain": "gain",
    "negative_transfer": "negative transfer",
    "not_distinguishable": "not distinguishable",
    None: "",
}


@dataclass(frozen=True)
class Column:
    """A column of the verdict's table; `wide` ones are left out on a narrow terminal."""

    title: str
    cell: Callable[[Score], str]
    wide: bool = False


def _if_compared(line: Score, text: str) -> str:
    return "" if line.p_corrected is None else text


COLUMNS = (
    Column("MAE", lambda line: f"{line.mae:.4f}"),
    Column("95 %", lambda line: f"{line.mae_low:.3f} to {line.mae_high:.3f}", wide=True),
    Column("unseen", lambda line: "" if line.mae_unseen is None else f"{line.mae_unseen:.4f}"),
    Column("Δ {reference}", lambda line: _if_compared(line, f"{line.delta:+.4f}")),
    Column(
        "95 % of Δ",
        lambda line: _if_compared(line, f"{line.delta_low:+.3f} {line.delta_high:+.3f}"),
        wide=True,
    ),
    Column("p", lambda line: p_value(line.p_corrected)),
    Column("Δ best baseline", lambda line: f"{line.delta_best_baseline:+.4f}", wide=True),
)


def show_plans(strategies: Sequence[Strategy], hidden: Sequence[int]) -> None:
    """Print, on standard error, what each strategy does to each layer and what else it is given."""
    table = Table(
        box=SIMPLE_HEAD,
        title="each layer: random, copied from the source net, or copied and frozen",
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("strategy", no_wrap=True)
    for number, width in enumerate([*hidden, 1], start=1):
        table.add_column(f"layer {number} ({width})")
    table.add_column("further")
    for strategy in strategies:
        plan = strategy.plan(len(hidden) + 1)
        table.add_row(strategy.name, *map(_start_of, plan), strategy.further)
    show(table)


def _start_of(layer: LayerPlan) -> str:
    if layer.origin == "random":
        return "random"
    if not layer.trained:
        return "frozen"
    rate = f", rate x {layer.rate:.2g}" if layer.rate != 1 else ""
    wait = f", from {layer.after:.0%} on" if layer.after else ""
    return f"copied{rate}{wait}"


def show_comparison(comparison: Comparison) -> None:
    """Print the table of errors, how sure they are, and the verdict in one sentence."""
    document = comparison.document
    unseen = document["n_unseen"] > 0 and comparison.reference.mae_unseen is not None
    table = Table(
        box=SIMPLE_HEAD,
        padding=0,
        title=f"{document['dataset']}: mean absolute error, {document['unit']} "
        f"({document['protocol_words']})",
        title_justify="left",
    )
    console = Console()
    narrow = console.is_terminal and console.width < WIDTH
    console.width = console.width if narrow else max(console.width, WIDTH)
    shown = [column for column in COLUMNS if not (narrow and column.wide)]
    shown = [column for column in shown if unseen or column.title != "unseen"]
    table.add_column("", no_wrap=True)
    for column in shown:
        title = column.title.format(reference=comparison.reference.name)
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=not narrow)
    for line in comparison.strategies:
        table.add_row(line.name, *(column.cell(line) for column in shown), WORDS[line.verdict])
    table.add_section()
    for line in comparison.baselines:
        table.add_row(line.name, *(column.cell(line) for column in shown), "", style="dim")
    console.print(table)
    if not narrow:
        show_certainty(comparison, console)
        if comparison.coverage:
            show_coverage(comparison, console)
    console.print(sentence(comparison), highlight=False)
    console.print(
        f"p: {document['test_words']}, corrected for the number of questions (Holm).",
        highlight=False,
    )
    if comparison.contrast is not None:
        alpha = document["protocol"]["alpha"]
        console.print(
            contrast_sentence(comparison.contrast, document["unit"], alpha), highlight=False
        )
    if comparison.curve is not None:
        from cetransfer.reporting.curve import show_curve

        show_curve(comparison.curve, document, console)


def sentence(comparison: Comparison | Stored) -> str:
    """Return the verdict in one sentence, and a second one where a baseline does better."""
    best = min(comparison.strategies, key=lambda line: line.mae)
    unit = comparison.document["unit"]
    return _of_strategies(best, comparison, unit) + _of_baselines(best, comparison, unit)


def _of_baselines(best: Score, comparison: Comparison | Stored, unit: str) -> str:
    single = [line for line in comparison.baselines if line.name != BEST]
    lowest = min(single, key=lambda line: line.mae)
    if lowest.mae >= best.mae:
        return ""
    return (
        f" The baseline {lowest.name} does better than all strategies, {lowest.mae:.4f} {unit}, "
        "without any source."
    )


def _of_strategies(best: Score, comparison: Comparison | Stored, unit: str) -> str:
    if best.verdict is None:
        return f"Lowest error: {best.name}, {best.mae:.4f} {unit}. No transfer did better."
    gain = {
        "gain": "The gain is more than chance",
        "not_distinguishable": "The difference is not distinguishable from chance",
        "negative_transfer": "The difference is more than chance",
    }[best.verdict]
    return (
        f"Lowest error: {best.name}, {best.mae:.4f} {unit}, {best.delta:+.4f} against "
        f"{comparison.reference.name}. {gain} "
        f"(95 %: {best.delta_low:+.4f} to {best.delta_high:+.4f}, "
        f"corrected p {_relation(best.p_corrected)})."
    )


def contrast_sentence(contrast: Contrast, unit: str, alpha: float) -> str:
    """Return what became of the question named before the run, in one sentence."""
    direction = "lower" if contrast.delta < 0 else "higher"
    sure = "more than chance" if contrast.p < alpha else "not distinguishable from chance"
    return (
        f"Asked in advance: {contrast.strategy}'s error is {abs(contrast.delta):.4f} {unit} "
        f"{direction} than that of the best baseline, which was chosen on inner folds; that is "
        f"{sure} (95 %: {contrast.delta_low:+.4f} to {contrast.delta_high:+.4f}, "
        f"p {_relation(contrast.p)})."
    )


def _relation(p: float | None) -> str:
    text = p_value(p)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"


def show_places(output: Path, store: Store, run_id: str) -> None:
    """Print where the files are and how to open the tracking pages."""
    Console(soft_wrap=True, highlight=False).print(f"files     {output}", markup=False)
    show_run(store, run_id)


def show_run(store: Store, run_id: str) -> None:
    """Print how to open the tracking pages."""
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"tracking  run {run_id} in {store.uri}; `make ui` opens it", markup=False)
