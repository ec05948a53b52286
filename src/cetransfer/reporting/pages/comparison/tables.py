"""The tables of a comparison: scores, proofs, leakage."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pandas as pd

from cetransfer.reporting.certainty import p_value
from cetransfer.reporting.pages.table import Column, PageTable, fixed, percent, signed
from cetransfer.reporting.tables import WORDS

if TYPE_CHECKING:
    from cetransfer.reporting.pages.comparison.stored import Stored

HASH_SHOWN = 12


def scores_table(stored: Stored) -> PageTable:
    """Return the errors of every strategy and baseline."""
    lines = [("strategy", line) for line in stored.strategies]
    lines += [("baseline", line) for line in stored.baselines]
    data = pd.DataFrame([{"kind": kind, **dataclasses.asdict(line)} for kind, line in lines])
    data = data.drop(columns="variance")
    data["verdict"] = [WORDS[line.verdict] for _, line in lines]
    unit = stored.unit
    return PageTable(
        name="scores",
        caption=f"Scores ({stored.document['protocol_words']})",
        columns=(
            Column("name", "name"),
            Column("kind", "kind"),
            Column("mae", f"MAE ({unit})", fixed(4)),
            Column("mae_low", "95 % from", fixed(4)),
            Column("mae_high", "to", fixed(4)),
            Column("mae_unseen", f"MAE, never trained on ({unit})", fixed(4)),
            Column("r2", "R²", fixed(3)),
            Column("delta", f"Δ {stored.reference.name} ({unit})", signed(4)),
            Column("delta_low", "95 % of Δ from", signed(4)),
            Column("delta_high", "to", signed(4)),
            Column("p_corrected", "p (Holm)", p_value),
            Column("p_better", "odds: better", percent),
            Column("delta_best_baseline", f"Δ best baseline ({unit})", signed(4)),
            Column("verdict", "verdict"),
        ),
        data=_numbers(data),
    )


def _numbers(data: pd.DataFrame) -> pd.DataFrame:
    """Make columns that hold numbers and gaps columns of numbers."""
    for name in data:
        if data[name].dtype == object and data[name].map(_number_or_gap).all():
            data[name] = pd.to_numeric(data[name])
    return data


def _number_or_gap(value: Any) -> bool:  # noqa: ANN401 - whatever a score holds
    return value is None or isinstance(value, float)


def proofs_table(stored: Stored) -> PageTable:
    """Return what was proved of each strategy before and after its training."""
    rows = []
    for name, proof in stored.document["proofs"].items():
        scaler = proof.get("scaler") or {}
        rows.append(
            {
                "strategy": name,
                "step_zero": proof["step_zero"],
                "parameters": proof["parameters"],
                "trained_parameters": proof["trained_parameters"],
                "scaler_x": scaler.get("x", "training rows"),
                "scaler_y": scaler.get("y", "training rows"),
                "frozen": proof["frozen"],
            }
        )
    data = pd.DataFrame(rows)
    data["step_zero"] = pd.to_numeric(data["step_zero"])
    return PageTable(
        name="proofs",
        caption="Proofs: before training a copied net gives its source's numbers, after it what is "
        "frozen is bit-identical",
        columns=(
            Column("strategy", "strategy"),
            Column(
                "step_zero",
                f"largest difference from the source net before ({stored.unit})",
                lambda value: f"{value:.2g}",
            ),
            Column("parameters", "parameters", lambda value: f"{value:d}"),
            Column("trained_parameters", "of these trained", lambda value: f"{value:d}"),
            Column("scaler_x", "inputs scaled by"),
            Column("scaler_y", "labels scaled by"),
            Column("frozen", "SHA-256 of what is frozen", lambda value: str(value)[:HASH_SHOWN]),
        ),
        data=data,
    )


def leakage_table(stored: Stored) -> PageTable:
    """Return what source, training and scored rows of each split share."""
    data = pd.DataFrame(stored.document["leakage"])
    for name in ("new_to_train", "new_to_source", "held"):
        data[name] = [" ".join(each) for each in data[name]]
    data["fold"] = ["all" if pd.isna(each) else f"{int(each)}" for each in data["fold"]]
    data["share"] = data["pairs_in_source"] / data["test"].where(data["test"] > 0)
    return PageTable(
        name="leakage",
        caption="Leakage: what the scored rows of each split share with training and source rows",
        columns=(
            Column("part", "part"),
            Column("repeat", "repeat"),
            Column("fold", "fold"),
            Column("train", "training rows"),
            Column("test", "scored rows"),
            Column("source", "source rows"),
            Column("pairs_in_source", "scored rows whose A and B a source row has"),
            Column("share", "their share", percent),
            Column("compounds_in_source", "of these the same compound"),
            Column("new_to_train", "elements new to training"),
            Column("new_to_source", "elements new to the source"),
            Column("held", "held out of the source"),
        ),
        data=data,
    )
