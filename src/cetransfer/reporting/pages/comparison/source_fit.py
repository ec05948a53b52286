"""Parity of the source nets on the source: how well what a transfer starts from knows its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.errors import UserError
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import GREEN, INK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.reporting.pages.comparison.stored import Stored
    from cetransfer.settings import Settings

RASTERED = 500


def source_drawing(
    stored: Stored, settings: Settings, sources: Sequence[Dataset], root: Path
) -> list[Drawing]:
    """Draw predicted against given labels of every source whose nets are kept here."""
    tables = dict(_fits(stored, settings, sources, root))
    if not tables:
        return []
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.6 + 3.4 * len(tables), 3.9), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(tables)))
    told = []
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        given, predicted = table[stored.quantity], table["prediction"]
        mae = float((predicted - given).abs().mean())
        limits = (min(given.min(), predicted.min()), max(given.max(), predicted.max()))
        axes.plot(limits, limits, color=INK, linewidth=0.7)
        axes.scatter(
            given,
            predicted,
            s=5,
            alpha=0.5,
            linewidths=0,
            color=GREEN,
            rasterized=len(table) > RASTERED,
        )
        axes.set(xlim=limits, ylim=limits, aspect="equal")
        axes.set_title(f"{name}: MAE {mae:.3f}", fontsize=9)
        axes.set_xlabel(f"given ({stored.unit})")
        axes.set_ylabel(f"predicted ({stored.unit})")
        told.append(f"{name} with an error of {mae:.3f} {stored.unit} over {len(table)} rows")
    return [
        Drawing(
            name="source_parity",
            caption="The source nets on the source, the mean of all nets: rows that they were "
            "trained on, so this is how well they fit, not how well they do on new compounds.",
            alt=f"Source nets fit {'; '.join(told)}.",
            figure=figure,
            data=pd.concat([table.assign(source=name) for name, table in tables.items()]),
            wide=True,
        )
    ]


def _fits(
    stored: Stored, settings: Settings, sources: Sequence[Dataset], root: Path
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and predictions of each source whose nets and features can be had at once."""
    from cetransfer.models.bundle import load
    from cetransfer.networks.predict import predict

    stacks: list[dict[str, Any]] = (stored.document["source_nets"] or {}).get("stacks", [])
    known = {data.name: data for data in sources}
    for stack in stacks:
        folder = root / settings.source_dir / str(stack["key"])
        try:
            bundle = load(folder) if folder.is_dir() else None
        except UserError:
            continue
        if bundle is None or bundle.about["sha256"] != stack["sha256"]:
            continue
        for head, name in enumerate(stack["sources"]):
            data = known.get(name)
            features = None if data is None else _features(data, settings, root)
            if data is None or features is None:
                continue
            predicted = predict(bundle.stack.with_head(head), features).mean(axis=0)
            yield name, _table(data, stored.quantity, predicted)


def _table(data: Dataset, quantity: str, predicted: NDArray[np.float32]) -> pd.DataFrame:
    return pd.DataFrame(
        {"formula": data.frame["formula"], quantity: data.labels, "prediction": predicted}
    )


def _features(data: Dataset, settings: Settings, root: Path) -> NDArray[np.float32] | None:
    """Return the features as they are kept; worked out anew only where that takes no time."""
    from cetransfer.features.grid import featurize_grid
    from cetransfer.features.store import SOURCES, feature_file, stored_features
    from cetransfer.structures.prototypes import prototype_named

    folder = root / settings.features_dir / SOURCES
    if feature_file(data, settings.features, folder).is_file():
        return stored_features(data, settings.features, folder)
    if data.structures is not None or data.prototype is None:
        return None
    values = featurize_grid(prototype_named(data.prototype), data.frame, settings.features)
    return values.astype(np.float32)
