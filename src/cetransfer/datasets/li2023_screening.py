"""What Li et al. (2023) predicted for 5329 perovskites, and the 89 they call stable.

doi 10.1038/s41524-023-01068-7; predictions of a model, so nothing to learn from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from cetransfer.datasets.catalogue import enter
from cetransfer.datasets.fetch import fetch
from cetransfer.datasets.li2023 import COMMIT, REPOSITORY
from cetransfer.datasets.origin import Entry, Origin

if TYPE_CHECKING:
    from pathlib import Path

NAME = "li2023_screening"
PREDICTIONS = "raw_data/All_perovskite_5329.xlsx"
STABLE = "raw_data/89 stable perovskite oxide structures predicted.xlsx"

SHA256 = {
    PREDICTIONS: "641488d0c2b56e5fcc2af9718de9cf21523e69824039af56d9abad83dbaf349d",
    STABLE: "b75a3e7ec15a8cdf9cc50809731ed0d0499a784bd9a49871355d90c4ce764bc7",
}

WORDS = {"li2023_predictions": PREDICTIONS, "li2023_stable": STABLE}
"""What a configuration calls the files in place of a path."""

enter(
    NAME,
    Entry(
        about="predictions of Li et al. (2023) for 5329 perovskites, and the 89 they call stable",
        prototype="perovskite",
        licence="MIT",
        doi="10.1038/s41524-023-01068-7",
        origins=(Origin(f"{REPOSITORY}/{COMMIT}", SHA256, "li2023"),),
        rests_on=("predictions of Li et al.",),
        use="screening: space.path=li2023_predictions",
    ),
)


def released(word: str) -> tuple[Path, str, str] | None:
    """Return path, name and SHA-256 of the file that goes by a word; None for any other word.

    Raises
    ------
    UserError
        If it cannot be had or is damaged, see `cetransfer.datasets.fetch.fetch`.
    """
    name = WORDS.get(word)
    if name is None:
        return None
    url = f"{REPOSITORY}/{COMMIT}/{quote(name)}"
    return fetch("li2023", name, url, SHA256[name]), name, SHA256[name]
