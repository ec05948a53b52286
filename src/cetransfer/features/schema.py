"""What a feature matrix means, in a form that can be hashed and stored beside a model."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.features.tables import load_table
from cetransfer.features.variants import variant_named

if TYPE_CHECKING:
    from cetransfer.settings import FeatureSettings


@dataclass(frozen=True)
class FeatureSchema:
    """The full definition of the columns of a feature matrix; `tolerance` in angstrom."""

    variant: str
    shells: int
    exponent: float
    tolerance: float
    table: str
    table_sha256: str
    columns: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all fields, 64 hex digits: equal digests mean interchangeable columns."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns)


def feature_schema(settings: FeatureSettings) -> FeatureSchema:
    """Work out the schema of a configuration.

    Raises
    ------
    UserError
        If a setting is out of range or names an unknown variant or table.
    """
    if settings.shells < 1:
        raise UserError(f"features.shells={settings.shells} is too small; give 1 or more")
    if not settings.tolerance > 0:
        raise UserError(f"features.tolerance={settings.tolerance} must be greater than 0 angstrom")
    if not math.isfinite(settings.exponent):
        raise UserError(f"features.exponent={settings.exponent} must be a finite number")
    table = load_table(settings.table)
    return FeatureSchema(
        variant=settings.variant,
        shells=int(settings.shells),
        exponent=float(settings.exponent),
        tolerance=float(settings.tolerance),
        table=table.name,
        table_sha256=table.sha256,
        columns=variant_named(settings.variant).columns(table.columns),
    )
