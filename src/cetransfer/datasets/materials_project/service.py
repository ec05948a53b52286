"""The Materials Project's service, asked through its own library; every mishap named."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.datasets.materials_project.query import Query

KEY = "MP_API_KEY"
"""Environment variable: the user's key. It is sent to the service and kept nowhere."""

ENDPOINT = "MP_API_ENDPOINT"
"""Environment variable of `mp-api`: another address of the service."""

PUBLIC_ENDPOINT = "https://api.materialsproject.org/"

WHERE_KEYS_ARE = "https://next-gen.materialsproject.org/api"

PAGE = 1000
"""Entries in one answer: the most that the service gives."""

TIMEOUT = 20
"""Seconds to wait for an answer, as `mp-api` does for entries."""

#: what the service sends of an entry
FIELDS = [
    "material_id",
    "formula_pretty",
    "formation_energy_per_atom",
    "energy_above_hull",
    "symmetry",
]

COLUMNS = {
    "material_id": "str",
    "formula_pretty": "str",
    "formation_energy_per_atom": "float64",
    "energy_above_hull": "float64",
    "space_group": "Int64",
}
"""Of an answer, with their types."""

GNOME = "gnome_r2scan_statics"
"""Batch of entries that are free for non-commercial use only; they are not asked for."""

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Answer:
    """All entries of a query.

    Parameters
    ----------
    entries
        Columns ``material_id``, ``formula_pretty``, ``formation_energy_per_atom`` and
        ``energy_above_hull`` (eV/atom, NaN where there is none) and ``space_group``, by material.
    database_version
        As the service says it.
    endpoint
        Address of the service.
    """

    entries: pd.DataFrame
    database_version: str
    endpoint: str


def ask(query: Query) -> Answer:
    """Ask the service for all entries of a query.

    Raises
    ------
    UserError
        If `mp-api` is not installed, the key is missing or refused, the service cannot be reached
        or fails, its answer cannot be read or is not whole, or there is no entry.
    """
    key = _key()
    endpoint = os.environ.get(ENDPOINT) or PUBLIC_ENDPOINT
    try:
        from mp_api.client import MPRester
        from mp_api.client.core import MPRestError
    except ImportError as error:
        raise UserError(
            "the data set materials_project needs the library mp-api; install it with "
            "pip install 'cetransfer[mp]'"
        ) from error
    import requests

    try:
        # mp-api asks the same without a time limit: a service that is silent would stop everything
        requests.get(f"{endpoint.rstrip('/')}/heartbeat", timeout=TIMEOUT)
        with (
            warnings.catch_warnings(action="ignore"),  # they speak of the library's other uses
            MPRester(key, endpoint, use_document_model=False, mute_progress_bars=True) as service,
        ):
            documents, total = _documents(service.materials.summary, query)
            version = service.db_version
        entries = _table(documents)
    except JSONDecodeError as error:
        raise _other_format(error, endpoint) from error
    except (MPRestError, requests.RequestException) as error:
        raise UserError(_refusal(str(error), type(error).__name__, endpoint, key)) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _other_format(error, endpoint) from error
    return Answer(_whole(entries, total, query, endpoint), _known(version, endpoint), endpoint)


def _documents(summary: Any, query: Query) -> tuple[list[dict[str, Any]], int]:  # noqa: ANN401
    """Return what the resource `materials.summary` sends, and how many it says there are."""
    conditions = {
        "formula": query.formula,
        "chemsys": ",".join(query.chemsys) or None,
        "spacegroup_number": query.space_group,
        "deprecated": False,
    }
    documents = summary.search(**conditions, include_gnome=False, fields=FIELDS, chunk_size=PAGE)
    given = {name: value for name, value in conditions.items() if value is not None}
    total = summary.count(
        {**given, "batch_id_not_eq": GNOME, "_fields": "material_id", "_limit": 1}
    )
    return documents, total


def _key() -> str:
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise UserError(
            f"the Materials Project needs a key; copy yours from {WHERE_KEYS_ARE} and "
            f"export {KEY}=..."
        )
    # also keeps a header from being made of anything else
    if not re.fullmatch(r"[A-Za-z0-9]{32}", key):
        raise UserError(
            f"{KEY} holds no key of the Materials Project, which has 32 letters and digits; copy "
            f"yours from {WHERE_KEYS_ARE}"
        )
    return key


def _other_format(error: Exception, endpoint: str) -> UserError:
    return UserError(
        f"{endpoint} gave an answer that is not of the Materials Project's format "
        f"({type(error).__name__}); check {ENDPOINT} or try again later"
    )


def _refusal(message: str, kind: str, endpoint: str, key: str) -> str:
    """Say what became of a request, in one line without the key."""
    found = re.search(r"error status code (\d{3})", message)
    status = int(found.group(1)) if found else None
    if status in {401, 403}:
        return (
            f"the Materials Project refused the key in {KEY} (status {status}); copy yours from "
            f"{WHERE_KEYS_ARE}"
        )
    if "does not support the request" in message:
        # what mp-api says where the service answers with status 400
        return (
            f"the Materials Project at {endpoint} does not understand the request of this mp-api; "
            "get another: pip install --upgrade 'cetransfer[mp]'"
        )
    if status is None:
        # the last of causes within causes
        last = re.split(r": |Caused by \w+\(", message)[-1]
        reason = re.sub(r"['\"]\)+$", "", last).lstrip("'\"") or kind
        return (
            f"cannot reach the Materials Project at {endpoint} ({_short(reason, key)}); "
            f"check the network and {ENDPOINT}"
        )
    said = _short(message.partition("with message:")[2], key)
    return (
        f"the Materials Project at {endpoint} answered with status {status}: {said}; "
        "try again later"
    )


def _short(text: str, key: str) -> str:
    """Return the text in one line of limited length, without the key."""
    line = " ".join(text.replace(key, "...").split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}..."


def _table(documents: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the entries as a table; raises what a document of another format leads to."""
    import pandas as pd

    rows = []
    for document in documents:
        identifier, formula = document["material_id"], document["formula_pretty"]
        if not (isinstance(identifier, str) and isinstance(formula, str)):
            raise TypeError(identifier)
        energies = [document[name] for name in ("formation_energy_per_atom", "energy_above_hull")]
        numbers = [float("nan") if energy is None else float(energy) for energy in energies]
        number = (document["symmetry"] or {}).get("number")
        rows.append((identifier, formula, *numbers, number))
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    return frame.sort_values("material_id", ignore_index=True)


def _whole(entries: pd.DataFrame, total: int, query: Query, endpoint: str) -> pd.DataFrame:
    """Refuse an answer of which a part is missing."""
    if not total and entries.empty:
        raise UserError(
            f"the Materials Project has no entry with {query}; widen the query (space_group=any) "
            "or choose another prototype"
        )
    distinct = entries["material_id"].nunique()
    if len(entries) != total or distinct != total:
        raise UserError(
            f"{endpoint} counts {total} entries with {query} but gave {distinct}; try again later"
        )
    return entries


def _known(version: str, endpoint: str) -> str:
    if not isinstance(version, str) or not version:
        raise UserError(f"{endpoint} does not tell its database version; try again later")
    return version
