"""Which elements a row holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: between the elements of a role that holds several, as in ``"Ba,Sr"``
SEVERAL = ","


def elements_of(sites: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the elements of each row, each once, in the order of the sites.

    Parameters
    ----------
    sites
        n rows, a column of elements for each site: one, several, or none (``""``).
    """
    return [
        tuple(dict.fromkeys(name for cell in row if cell for name in cell.split(SEVERAL)))
        for row in sites.itertuples(index=False, name=None)
    ]
