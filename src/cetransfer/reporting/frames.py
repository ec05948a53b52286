"""The frame of a panel: no lines above and on the right, and a pale grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def open_frame(axes: Axes, grid: Literal["x", "y", "both"] | None = None) -> None:
    """Take the upper and the right line away; draw a pale grid across the axes that are named."""
    axes.spines[["top", "right"]].set_visible(False)
    if grid is not None:
        axes.grid(axis=grid, alpha=0.25)
