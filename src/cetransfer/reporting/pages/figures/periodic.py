"""A value for each element, on the periodic table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.reporting.pages.palette import DIVERGING, GREY, SEQUENTIAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

SIZE = (9.4, 4.7)
CLEAR = (0.0, 0.0, 0.0, 0.0)
DARKEST = 0.45
"""Below this luminance a cell has white letters."""


def periodic_figure(
    panels: Mapping[str, Mapping[str, float]],
    label: str,
    *,
    digits: int,
    differences: bool = False,
    shared: bool = True,
) -> Figure:
    """Draw one periodic table below the other.

    Parameters
    ----------
    panels
        Value of each element, by the title of the panel; an element without one is left blank.
    label
        Of the scale of colours, with the unit.
    digits
        Decimals of the numbers in the cells.
    differences
        The scale is symmetric about 0.
    shared
        All panels have one scale, or else each its own.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    values = [value for each in panels.values() for value in each.values()]
    colours = mpl.colormaps[DIVERGING if differences else SEQUENTIAL]
    figure = Figure(figsize=(SIZE[0], SIZE[1] * len(panels)), layout="constrained")
    every = np.atleast_1d(figure.subplots(len(panels), 1))
    for axes, (title, each) in zip(every, panels.items(), strict=True):
        scale = mpl.cm.ScalarMappable(
            _scale(values if shared else list(each.values()), differences=differences), colours
        )
        _table(axes, each, scale, digits)
        axes.set_title(title, fontsize=10, loc="left")
        if axes is every[-1] or not shared:
            beside = list(every) if shared else axes
            figure.colorbar(scale, ax=beside, label=label, shrink=0.6, pad=0.01)
    return figure


def _scale(values: Sequence[float], *, differences: bool) -> Normalize:
    from matplotlib.colors import Normalize

    most = max(map(abs, values), default=1.0) or 1.0
    return Normalize(-most if differences else min([0.0, *values]), most)


def _table(axes: Axes, values: Mapping[str, float], scale: ScalarMappable, digits: int) -> None:
    from matplotlib.patches import Rectangle

    for symbol, (column, row) in places().items():
        known = symbol in values
        face = _face(scale, values[symbol]) if known else CLEAR
        ink = _letters(face) if known else GREY
        corner = (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=face, edgecolor=GREY, linewidth=0.5))
        middle: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
        axes.text(column, row - (0.14 if known else 0), symbol, fontsize=9, **middle)
        if known:
            axes.text(column, row + 0.26, f"{values[symbol]:.{digits}f}", fontsize=6, **middle)
    axes.set(xlim=(0.4, 18.6), ylim=(9.7, 0.4), aspect="equal")
    axes.axis("off")


def _face(scale: ScalarMappable, value: float) -> Sequence[float]:
    (face,) = scale.to_rgba(np.array([value]))
    return [float(part) for part in face]


def _letters(face: Sequence[float]) -> str:
    """Return the colour of letters on a cell: not quite black, which would follow the page's."""
    luminance = float(np.dot(face[:3], (0.2126, 0.7152, 0.0722)))
    return "#fefefe" if luminance < DARKEST else "#020202"


def places() -> dict[str, tuple[int, int]]:
    """Return column and row of every element up to lawrencium; f elements stand in rows 8 and 9."""
    from pymatgen.core import Element

    found = {}
    for number in range(1, 104):
        element = Element.from_Z(number)
        first = {6: 57, 7: 89}.get(element.row)
        if first is not None and first <= number < first + 15:
            found[element.symbol] = (3 + number - first, element.row + 2)
        else:
            found[element.symbol] = (element.group, element.row)
    return found
