"""The workflow with the actual network: what each strategy does to each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, GREEN, GREY, VERMILION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

STARTS = {
    "random start, trained": (GREY, "", "random"),
    "copied, trained": (BLUE, "", "copied"),
    "copied, frozen": (VERMILION, "///", "frozen"),
}
STEP, HIGH = 1.25, 0.62
LEFT = -0.9


def workflow_drawing(document: Mapping[str, Any]) -> Drawing:
    """Draw data, features and layers from left to right: the source net, then each strategy."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    hidden = [int(width) for width in document["config"]["network"]["hidden"]]
    widths = [*hidden, 1]
    features = document["config"]["features"]
    plans: Mapping[str, Sequence[Mapping[str, Any]]] = document["plans"]
    figure = Figure(
        figsize=(2.6 + 1.18 * (len(widths) + 2), 1.3 + 0.78 * (len(plans) + 1)),
        layout="constrained",
    )
    axes = figure.subplots()
    sources = " + ".join(str(each["name"]) for each in document["sources"])
    fresh = [("random start, trained", "")] * len(widths)
    lines = [("source net", sources, document["n_source"], fresh)]
    lines += [
        (name, str(document["target"]["name"]), len(document["labelled"]), list(map(_start, plan)))
        for name, plan in plans.items()
    ]
    for line, (name, data, rows, starts) in enumerate(lines):
        height = -float(line)
        axes.text(LEFT, height + 0.13, name, ha="right", va="center", fontsize=9)
        axes.text(
            LEFT, height - 0.17, f"{data[:34]}, {rows} rows", ha="right", va="center", fontsize=6.5
        )
        words = f"CE {features['variant']}\nn = {features['shells']}"
        _box(axes, (0.0, height), words, GREEN, None)
        for place, (width, (start, further)) in enumerate(zip(widths, starts, strict=True)):
            colour, hatch, word = STARTS[start]
            _box(axes, ((place + 1) * STEP, height), f"{width}\n{further or word}", colour, hatch)
        for place in range(len(widths)):
            axes.annotate(
                "",
                ((place + 1) * STEP - 0.5, height),
                (place * STEP + 0.5, height),
                arrowprops={"arrowstyle": "->", "color": GREY, "linewidth": 0.8},
            )
    for place in range(len(widths) + 1):
        title = "features" if place == 0 else f"layer {place}"
        axes.text(place * STEP, 0.55, title, ha="center", fontsize=7.5)
    axes.set(xlim=(LEFT - 2.3, len(widths) * STEP + 0.6), ylim=(-len(lines) + 0.45, 0.85))
    axes.axis("off")
    figure.legend(
        handles=[
            Patch(facecolor=(colour, 0.25), hatch=hatch, edgecolor=colour, label=label)
            for label, (colour, hatch, _) in STARTS.items()
        ],
        loc="outside lower left",
        ncols=3,
        fontsize=8,
        frameon=False,
    )
    return Drawing(
        name="workflow",
        caption=f"The network, {'-'.join(map(str, widths))} with "
        f"{document['config']['network']['activation']}, and what becomes of each layer: on top "
        "the source net, below it what each strategy takes of it. Numbers are layer widths.",
        alt="Workflow: a source net of layers "
        f"{', '.join(map(str, widths))} is trained on {sources}; "
        + "; ".join(f"{name}: {_told(list(map(_start, plan)))}" for name, plan in plans.items())
        + ".",
        figure=figure,
        data=pd.DataFrame(
            [{"strategy": name, **layer} for name, plan in plans.items() for layer in plan]
        ),
        wide=True,
    )


def _start(layer: Mapping[str, Any]) -> tuple[str, str]:
    if layer["origin"] == "random":
        return "random start, trained", ""
    if not layer["trained"]:
        return "copied, frozen", ""
    rate = "" if layer["rate"] == 1 else f"rate x {layer['rate']:.2g}"
    wait = "" if not layer["after"] else f" from {layer['after']:.0%}"
    return "copied, trained", rate + wait


def _told(starts: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"layer {place} {start}" for place, (start, _) in enumerate(starts, start=1))


def _box(
    axes: Axes, middle: tuple[float, float], text: str, colour: str, hatch: str | None
) -> None:
    """Draw a box around two lines of text; it is empty where there is no hatch."""
    from matplotlib.patches import FancyBboxPatch

    x, y = middle
    axes.add_patch(
        FancyBboxPatch(
            (x - 0.42, y - HIGH / 2 + 0.06),
            0.84,
            HIGH - 0.12,
            boxstyle="round,pad=0.05",
            facecolor="none" if hatch is None else (colour, 0.25),
            edgecolor=colour,
            hatch=hatch,
            hatch_linewidth=0.4,
            linewidth=1.3,
        )
    )
    first, _, second = text.partition("\n")
    axes.text(x, y + 0.12, first, ha="center", va="center", fontsize=8)
    axes.text(x, y - 0.15, second, ha="center", va="center", fontsize=6.5)
