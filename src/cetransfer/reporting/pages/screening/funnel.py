"""The funnel of a screening: counts, energies that each step leaves, the map of t and mu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import AMBER, BLUE, GREEN, GREY, INK, PURPLE, SKY, VERMILION
from cetransfer.reporting.pages.screening.stored import ENERGY, UNIT
from cetransfer.reporting.pages.table import Column, PageTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from cetransfer.reporting.pages.screening.stored import StoredScreening

STEPS = (GREY, SKY, AMBER, PURPLE, GREEN, BLUE)
"""Of all candidates, those after each step and, last, the shortlist."""

BINS = 60
RASTERED = 500


def funnel_table(stored: StoredScreening) -> PageTable:
    """Return the criteria with their counts."""
    data = pd.DataFrame([{k: v for k, v in step.items() if k != "limits"} for step in stored.steps])
    return PageTable(
        name="funnel_steps",
        caption="The criteria in their order",
        columns=(
            Column("criterion", "criterion"),
            Column("words", "limits"),
            Column("unit", "unit"),
            Column("before", "before"),
            Column("dropped", "dropped"),
            Column("after", "after"),
            Column("source", "source"),
        ),
        data=data,
    )


def funnel_drawing(stored: StoredScreening) -> Drawing:
    """Draw how many candidates each criterion leaves, and what another set of energies leaves."""
    from matplotlib.figure import Figure

    lists = {"": stored.steps}
    if compared := stored.document.get("comparison"):
        lists = {"list: ": stored.steps, "model: ": compared["funnel"]}
    rows = [
        {"list": name, "criterion": words, "count": count}
        for name, steps in lists.items()
        for words, count in _counts(steps, stored.document["counts"]["candidates"])
    ]
    data = pd.DataFrame(rows)
    figure = Figure(figsize=(7.5, 0.9 + 0.42 * len(data)), layout="constrained")
    axes = figure.subplots()
    heights = -np.arange(len(data)) - (data["list"] != rows[0]["list"]) * 0.5
    colours = [BLUE if row["list"] == rows[0]["list"] else GREEN for row in rows]
    axes.barh(heights, data["count"], color=colours, alpha=0.8)
    for height, count in zip(heights, data["count"], strict=True):
        axes.annotate(
            f"{count}", (count, height), xytext=(4, 0), textcoords="offset points", va="center",
            fontsize=9,
        )  # fmt: skip
    axes.set_yticks(heights, [f"{row['list']}{row['criterion']}" for row in rows])
    axes.set_xlabel("candidates (number)")
    axes.set_xlim(right=1.12 * float(data["count"].max()))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.25)
    told = "; ".join(
        f"{name}{' to '.join(str(row['count']) for row in rows if row['list'] == name)}"
        for name in lists
    )
    return Drawing(
        name="funnel",
        caption="The funnel: how many candidates are left after each criterion, in their order.",
        alt=f"Funnel, {told} candidates.",
        figure=figure,
        data=data,
        wide=True,
    )


def _counts(steps: Sequence[Mapping[str, Any]], every: int) -> list[tuple[str, int]]:
    return [("all", every), *((str(step["words"]), int(step["after"])) for step in steps)]


def histogram_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw the formation energies of all candidates and of those that each step leaves."""
    if not stored.has(ENERGY):
        return None
    from matplotlib.figure import Figure

    energy = stored.candidates[ENERGY].to_numpy()
    edges = np.linspace(np.nanmin(energy), np.nanmax(energy), BINS + 1)
    left = stored.left_after()
    names = ["all", *(str(step["words"]) for step in stored.steps)]
    colours = [*STEPS[: len(names) - 1], STEPS[-1]]
    colours += [STEPS[-1]] * (len(names) - len(colours))
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    counts = {}
    for name, own, colour in zip(names, left, colours, strict=True):
        counts[name], _ = np.histogram(energy[own], edges)
        label = f"{name}: {int(own.sum())}"
        axes.stairs(counts[name], edges, fill=True, color=colour, label=label)
    for step in stored.steps:
        if step["column"] == ENERGY:
            for value in step["limits"].values():
                axes.axvline(value, color=INK, linewidth=1.0, linestyle="--")
    axes.set_xlabel(f"formation energy ({UNIT})")
    axes.set_ylabel(f"candidates per {edges[1] - edges[0]:.2f} {UNIT}")
    figure.legend(loc="outside upper left", ncols=3, fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    low, high = np.nanpercentile(energy[stored.passing], (5, 95))
    return Drawing(
        name="energies",
        caption="Formation energies of all candidates and, in front of them, of those that are "
        "left after each criterion; dashed: limits on the energy.",
        alt=f"Histogram: of {len(energy)} candidates {int(stored.passing.sum())} pass, nine of "
        f"ten of them between {low:.2f} and {high:.2f} {UNIT}.",
        figure=figure,
        data=pd.DataFrame({"from": edges[:-1], "to": edges[1:], **counts}),
        wide=True,
    )


def map_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw mu over t, the windows of both, and what is known by experiment."""
    if not stored.has("t", "mu"):
        return None
    from matplotlib.figure import Figure

    table, passing = stored.candidates, stored.passing
    figure = Figure(figsize=(7.5, 5.6), layout="constrained")
    axes = figure.subplots()
    for own, colour, label in (
        (~passing, GREY, "dropped"),
        (passing, BLUE, "meets all criteria"),
    ):
        axes.scatter(
            table["t"][own],
            table["mu"][own],
            s=7,
            color=colour,
            alpha=0.55,
            linewidths=0,
            label=f"{label}: {int(own.sum())}",
            rasterized=bool(own.sum() > RASTERED),
        )
    for label, own in known_by_experiment(table).items():
        marker, colour = ("o", VERMILION) if label == "perovskite" else ("x", INK)
        shape: dict[str, Any] = (
            {"facecolors": "none", "edgecolors": colour} if marker == "o" else {"c": colour}
        )
        axes.scatter(
            table["t"][own],
            table["mu"][own],
            s=22,
            marker=marker,
            linewidths=0.9,
            label=f"known, {label}: {int(own.sum())}",
            **shape,
        )
    for step in stored.steps:
        if step["column"] in {"t", "mu"}:
            line = axes.axvline if step["column"] == "t" else axes.axhline
            for value in step["limits"].values():
                line(value, color=INK, linewidth=0.9, linestyle="--")
    axes.set_xlabel("tolerance factor t (1)")
    axes.set_ylabel("octahedral factor mu (1)")
    axes.legend(fontsize=8, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    columns = [name for name in ("formula", "A", "B", "t", "mu", "dropped_by") if name in table]
    radii = stored.document.get("radii") or {}
    return Drawing(
        name="t_and_mu",
        caption="Octahedral factor over tolerance factor; dashed: their limits in the funnel. "
        f"Radii: {radii.get('words', 'not told')}.",
        alt="Map of t and mu. "
        + "; ".join(
            f"of {int(own.sum())} compounds known as {label}, {int((own & passing).sum())} meet "
            "all criteria"
            for label, own in known_by_experiment(table).items()
        )
        + f"; {int(passing.sum())} candidates pass in all.",
        figure=figure,
        data=table[columns],
        wide=True,
    )


def known_by_experiment(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return which candidates an experiment has called a perovskite, and which not."""
    if "bartel2019" not in table:
        return {}
    found = {}
    for label in ("perovskite", "not a perovskite"):
        own = (table["bartel2019"] == label).to_numpy()
        if own.any():
            found[label] = own
    return found


def lists_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw the energies of a list against those of a model, where both were screened."""
    other = f"model_{ENERGY}"
    if "comparison" not in stored.document or not stored.has(ENERGY, other):
        return None
    from matplotlib.figure import Figure

    table = stored.candidates
    first, second = stored.passing, (table["model_dropped_by"] == "").to_numpy()
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
    for own, colour, marker, label in (
        (~first & ~second, GREY, ".", "in none"),
        (first & second, BLUE, ".", "in both"),
        (first & ~second, VERMILION, "^", "in the list's only"),
        (~first & second, GREEN, "s", "in the model's only"),
    ):
        _points(axes, table[own], (colour, marker), f"{label}: {int(own.sum())}")
    ends = [table[[ENERGY, other]].min().min(), table[[ENERGY, other]].max().max()]
    axes.plot(ends, ends, color=INK, linewidth=0.7)
    axes.set_xlabel(f"formation energy of the list ({UNIT})")
    axes.set_ylabel(f"formation energy of the model ({UNIT})")
    axes.legend(fontsize=8, title="shortlist", frameon=False, alignment="left")
    axes.spines[["top", "right"]].set_visible(False)
    compared = stored.document["comparison"]
    counts = compared["counts"]
    return Drawing(
        name="two_lists",
        caption=f"The list's energies ({stored.document['energies']['words']}) against those of "
        f"{compared['second']}; the colour tells which shortlist a candidate is in.",
        alt=f"Two lists: {counts['both']} candidates in both, {counts['only_first']} in the list's "
        f"only, {counts['only_second']} in the model's only; the energies differ by "
        f"{compared['mean_absolute_difference']:.3f} {UNIT} on average.",
        figure=figure,
        data=table[["formula", ENERGY, other, "dropped_by", "model_dropped_by"]],
        wide=True,
    )


def _points(axes: Axes, table: pd.DataFrame, look: tuple[str, str], label: str) -> None:
    colour, marker = look
    axes.scatter(
        table[ENERGY],
        table[f"model_{ENERGY}"],
        s=18 if marker != "." else 9,
        marker=marker,
        color=colour,
        alpha=0.6,
        linewidths=0,
        label=label,
        rasterized=len(table) > RASTERED,
    )
