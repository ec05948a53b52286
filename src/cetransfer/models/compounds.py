"""From compounds that somebody asks about to the features that a model takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.features.domain import Unlabelled
from cetransfer.features.schema import feature_schema
from cetransfer.features.tables import load_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.models.inputs import Asked
    from cetransfer.settings import FeatureSettings
    from cetransfer.structures.prototypes import Prototype

EXCHANGE = {"A": "B", "B": "A"}


@dataclass(frozen=True)
class Kind:
    """What a model takes.

    Parameters
    ----------
    features
        Settings of the features.
    prototype
        Of the compositions, or of the structures where they have one.
    from_structures
        Whether features come from structures, each its own.
    roles
        The sites.
    both_orders
        Whether it was trained on both orders of A and B.
    exchanged
        Whether it looks at the other order of A and B.
    elements
        Those that it can describe; None for all of the property table.
    """

    features: FeatureSettings
    prototype: Prototype | None
    from_structures: bool
    roles: tuple[str, ...]
    both_orders: bool
    exchanged: bool
    elements: tuple[str, ...] | None


def featurized(asked: Asked, kind: Kind) -> Unlabelled:
    """Return compounds with their features.

    Raises
    ------
    UserError
        Naming the compound with an element that the model cannot describe.
    """
    _refuse_unknown(asked, kind)
    sites = asked.frame[list(kind.roles)]
    if asked.structures is not None:
        from cetransfer.features.environment import featurize

        values = featurize(asked.structures, kind.features, asked.names)
        return Unlabelled(sites, (values.astype(np.float32),))
    as_given = _grid(asked, kind)
    if not (kind.both_orders or kind.exchanged):
        return Unlabelled(sites, (as_given,))
    other = _grid(asked, kind, exchanged=True)
    views = (as_given, other) if kind.both_orders else (as_given,)
    return Unlabelled(sites, views, other)


def _grid(asked: Asked, kind: Kind, *, exchanged: bool = False) -> NDArray[np.float32]:
    from cetransfer.features.grid import featurize_grid

    if kind.prototype is None:
        raise ValueError("a model of compositions has a prototype")
    frame = asked.frame.rename(columns=EXCHANGE) if exchanged else asked.frame
    values = featurize_grid(kind.prototype, frame[list(kind.roles)], kind.features)
    return values.astype(np.float32)


def _refuse_unknown(asked: Asked, kind: Kind) -> None:
    table = load_table(kind.features.table)
    for roles, known, what in (
        (kind.roles, table.elements, f"has no properties in the table {table.name}"),
        (("A", "B"), kind.elements, "stands in no row of the data that the model describes it by"),
    ):
        for role in roles if known else ():
            cells = asked.frame[role]
            single = cells if asked.structures is None else cells.str.split(",").explode()
            unknown = single[~single.isin([*(known or ()), ""])]
            if len(unknown):
                # rows are numbered from 0
                first = asked.names[int(unknown.index.tolist()[0])]
                raise UserError(f"{first}: element {unknown.iloc[0]} {what}; leave it out")


def require_table(about: dict[str, str], settings: FeatureSettings) -> None:
    """Refuse features that would not mean what they meant when the model was made.

    Raises
    ------
    UserError
        If the property table of this package, or what the columns mean, is another one.
    """
    schema = feature_schema(settings)
    if schema.table_sha256 != about["table_sha256"]:
        raise UserError(
            f"the property table {schema.table} of this package is not the one the model was made "
            "with; install the version of cetransfer that made it"
        )
    if schema.digest != about["schema"]:
        raise UserError(
            "the features of this package are not those the model was made with; install the "
            "version of cetransfer that made it"
        )
