"""A value for each pair of elements: A down, B across."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.reporting.pages.palette import SEQUENTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SIZE = 8.4


def grid_figure(
    table: pd.DataFrame,
    value: str,
    label: str,
    *,
    colours: str = SEQUENTIAL,
    most: float | None = None,
) -> tuple[Figure, Axes, Sequence[str], Sequence[str]]:
    """Draw the mean of a column for each A and B, by atomic number.

    Parameters
    ----------
    table
        Columns A, B and `value`.
    value, label
        The column, and what stands at the scale of colours.
    colours, most
        Of the scale; what lies above `most` has its last colour.

    Returns
    -------
    The figure, its axes, and the elements on A (rows) and on B (columns).
    """
    from matplotlib.figure import Figure

    means = table.pivot_table(index="A", columns="B", values=value)
    on_a, on_b = (by_number(list(names)) for names in (means.index, means.columns))
    values: NDArray[np.float64] = means.loc[on_a, on_b].to_numpy(float)
    figure = Figure(figsize=(SIZE, SIZE * 0.95), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap=colours, vmax=most, interpolation="none", aspect="auto")
    axes.set_xticks(range(len(on_b)), on_b, fontsize=6, rotation=90)
    axes.set_yticks(range(len(on_a)), on_a, fontsize=6)
    axes.tick_params(length=0, pad=1)
    axes.set_xlabel("element on B")
    axes.set_ylabel("element on A")
    axes.spines[:].set_visible(False)
    extend = "neither" if most is None or np.nanmax(values) <= most else "max"
    figure.colorbar(image, ax=axes, label=label, shrink=0.7, pad=0.01, extend=extend)
    return figure, axes, on_a, on_b


def by_number(names: Sequence[str]) -> list[str]:
    """Sort elements by atomic number; what is no element comes last."""
    from pymatgen.core import Element

    def place(name: str) -> tuple[int, str]:
        return (Element(name).Z if Element.is_valid_symbol(name) else 999, name)

    return sorted(map(str, names), key=place)
