"""From the word that names a model to its folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from cetransfer.errors import UserError, nearest
from cetransfer.models.folder import DESCRIPTION, described
from cetransfer.models.registered import find_version, is_registered_word

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT = "default"

KEPT = "models"
"""Folder of the project with models of their own names, and folder of a comparison with its own."""

SHORTEST_ID = 6
"""Digits of an id that are looked for."""

SHOWN = 4
"""Names of models that a message lists."""


def find_model(word: str, root: Path) -> Path:
    """Return the folder of a model.

    Parameters
    ----------
    word
        A folder; the name of one in ``models/`` of the project, such as ``default``;
        ``COMPARISON/STRATEGY`` below ``outputs/compare``; a model's id or its first digits; the id
        of the MLflow run of a strategy; ``champion``, ``models:/NAME@ALIAS`` or
        ``models:/NAME/VERSION`` of the local registry.
    root
        The project's folder.

    Raises
    ------
    UserError
        If there is none, or several, of that name, with the nearest one.
    """
    if is_registered_word(word):
        return find_version(word, root).folder
    for place in (*_kept(root, word), Path(word)):
        if (place / DESCRIPTION).is_file():
            return place
    compared = {f"{folder.parent.parent.name}/{folder.name}": folder for folder in _compared(root)}
    if word in compared:
        return compared[word]
    if re.fullmatch(rf"[0-9a-f]{{{SHORTEST_ID},16}}", word):
        found = _by_id(word, [*compared.values(), *_exported(root)])
        if found:
            return found
    run = root / "mlruns" / "artifacts" / word / "artifacts" / "model"
    if re.fullmatch(r"[0-9a-f]{32}", word) and (run / DESCRIPTION).is_file():
        return run
    if word == DEFAULT:
        raise UserError(
            "the default model is not here; run `dvc pull` (or make data) in the project's folder"
        )
    inside = sorted(path.parent.name for path in (Path(word) / KEPT).glob(f"*/{DESCRIPTION}"))
    if inside:
        raise UserError(
            f"{word} is a comparison of several models; give {Path(word) / KEPT}/NAME, with "
            f"{', '.join(inside)}"
        )
    names = [*(path.name for path in _exported(root)), *compared]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    known = f"known are {', '.join(names[:SHOWN])}{more}" if names else "run `cetransfer compare`"
    remedy = f"give a folder with a {DESCRIPTION}, a model's id or a name; {known}"
    raise UserError(f"there is no model {word!r}; {nearest(word, names, remedy)}")


def _by_id(word: str, folders: list[Path]) -> Path | None:
    """Return the folder of the only model whose id begins with a word."""
    found: dict[str, Path] = {}
    for folder in folders:
        found.setdefault(str(described(folder).get("id")), folder)
    fitting = sorted(each for each in found if each.startswith(word))
    if len(fitting) > 1:
        listed = ", ".join(fitting)
        raise UserError(f"model {word}: several ids begin so: {listed}; give more of it")
    return found[fitting[0]] if fitting else None


def _kept(root: Path, word: str) -> Iterator[Path]:
    """Yield where a model of that name may be kept, in the project or beside the package."""
    if "/" not in word and "\\" not in word and not word.startswith("."):
        yield root / KEPT / word
        # of a package that runs from its repository, wherever the command is given
        yield Path(__file__).parents[3] / KEPT / word


def _exported(root: Path) -> list[Path]:
    return sorted(path.parent for path in (root / KEPT).glob(f"*/{DESCRIPTION}"))


def _compared(root: Path) -> list[Path]:
    """Return the models of all comparisons below `outputs`."""
    found = (root / "outputs").glob(f"*/*/{KEPT}/*/{DESCRIPTION}")
    return sorted(path.parent for path in found)
