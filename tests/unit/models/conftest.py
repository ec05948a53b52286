"""A small comparison of real features, whose models are loaded and asked."""

from __future__ import annotations

import dataclasses
import shutil
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest

from cetransfer.evaluation.baselines import BASELINES
from cetransfer.evaluation.case import Case
from cetransfer.evaluation.comparison import compare
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.splits import make_members
from cetransfer.features.domain import Domain
from cetransfer.features.grid import featurize_grid
from cetransfer.features.pairs import pairs_of
from cetransfer.features.schema import feature_schema
from cetransfer.structures.prototypes import PROTOTYPES

NUMBERS = {"Li": 0.0, "Be": 2.0, "Na": 0.1, "Mg": 1.9, "Al": 3.0, "K": 0.2, "Ca": 2.1, "Sc": 3.1}
TINY = (
    "network.hidden=[8,4]",
    "protocol.folds=3",
    "protocol.members=2",
    "training.epochs=4",
    "training.batch_size=8",
    "training.source.epochs=4",
    "dataset.n_labelled=40",
)
KINDS = (
    *("target_only", "zero_shot", "fine_tune", "joint", "source_input", "residual"),
    *("kernel_head", "profile_residual", "profile_kernel"),
)


def domain_of(make_domain, settings, name, label, rows):
    """Return compounds of eight elements whose labels follow from a number of each element."""
    pairs = [(a, b) for a in NUMBERS for b in NUMBERS][:rows]
    bare = make_domain(name, rows, 0).data
    frame = bare.frame.assign(
        A=[a for a, _ in pairs],
        B=[b for _, b in pairs],
        formula=[f"{a}{b}O3" for a, b in pairs],
        formation_energy=[label(NUMBERS[a], NUMBERS[b]) for a, b in pairs],
    )
    data = dataclasses.replace(bare, frame=frame)
    orders = [
        featurize_grid(PROTOTYPES["perovskite"], each, settings.features).astype(np.float32)
        for each in (frame, frame.assign(A=frame["B"], B=frame["A"]))
    ]
    both = settings.dataset.site_order == "both"
    views = tuple(orders) if both else (orders[0],)
    return Domain(data, views, orders[1], pairs_of(data, NUMBERS, settings.features))


@pytest.fixture(scope="session")
def compared(compose, make_domain, tmp_path_factory):
    """Call with overrides to get a comparison with its case; equal ones are made once."""
    made = {}

    def run(*overrides):
        if overrides in made:
            return made[overrides]
        settings = compose(*TINY, f"strategy=[{','.join(KINDS)}]", *overrides)
        source = domain_of(make_domain, settings, "toy_source", lambda a, b: a * b - a, 64)
        target = domain_of(make_domain, settings, "toy_target", lambda a, b: a * b - a + b, 60)
        source = dataclasses.replace(source, views=source.views[:1])
        layout = make_protocol(settings).layout(target.data, settings)
        members = make_members(layout.splits, settings.protocol.members)
        schema = feature_schema(settings.features)
        case = Case((source,), target, schema, layout, members, {"toy.parquet": "0" * 64})
        root = tmp_path_factory.mktemp("compared")
        with patch.dict(BASELINES, {"mean": BASELINES["mean"]}, clear=True):
            result = compare(settings, case, root, root / "partial")
        made[overrides] = SimpleNamespace(result=result, case=case, root=root, settings=settings)
        return made[overrides]

    return run


@pytest.fixture
def folder(compared, tmp_path):
    """Return the folder of a model of strategy fine_tune, yours to change."""
    return shutil.copytree(compared().result.models["fine_tune"], tmp_path / "fine_tune")
