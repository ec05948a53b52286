"""Several disjoint draws of labelled rows, all tested on the rows of none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.evaluation.judges import PairedT
from cetransfer.evaluation.kin import kin_of
from cetransfer.evaluation.protocol import Layout, Protocol, few_draws, register
from cetransfer.evaluation.splits import DRAW, Split
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import Settings

#: tells the order of rows from the one draw of `labelled_rows`
ORDER = 1


@register("draws")
class Draws(Protocol):
    """`protocol.draws` times `dataset.n_labelled` rows; `dataset.draw` numbers the order of rows.

    No row is in two draws, whatever their number: they are pieces of one order.
    """

    reads = frozenset({"draws"})
    repeatable = False

    def layout(self, data: Dataset, settings: Settings) -> Layout:
        """Return one split per draw; its fold is the number of the draw."""
        draws, size = settings.protocol.draws or 0, settings.dataset.n_labelled
        if size is None:
            raise UserError("protocol=draws needs the size of a draw; give dataset.n_labelled=N")
        pieces, rest = disjoint_draws(len(data.frame), draws, size, settings.dataset.draw)
        splits = [Split(0, draw, piece, rest, DRAW) for draw, piece in enumerate(pieces)]
        return Layout(
            np.sort(np.concatenate(pieces)),
            splits,
            DRAW,
            PairedT(0.0, kin_of(data), common=True),
            f"{draws} draws of {size} labelled rows, tested on {len(rest)}",
            few_draws(settings.protocol),
        )


def disjoint_draws(
    n_rows: int, draws: int, size: int, first: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Return the rows of each draw, and those of none.

    The order of rows depends on `first` alone, so that runs with other seeds share their data.

    Raises
    ------
    UserError
        If no row would be left to test on.
    """
    needed = draws * size
    if size < 1 or needed >= n_rows:
        raise UserError(
            f"protocol.draws={draws} times dataset.n_labelled={size} are {needed} rows, and the "
            f"target has {n_rows} to draw and test on; give 1 to {max(1, (n_rows - 1) // draws)} "
            "labelled rows a draw, or fewer draws"
        )
    order = generator(first, Purpose.DRAW, ORDER).permutation(n_rows)
    pieces = [np.sort(piece) for piece in np.split(order[:needed], draws)]
    return pieces, np.sort(order[needed:])
