"""The paper's procedure in a fraction of a second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cetransfer.evaluation.paper2023.recipe import PAPER, Recipe

SHORT = Recipe(
    replace(PAPER.source, epochs=2, folds=3),
    replace(PAPER.target_only, epochs=3),
    replace(PAPER.transfer, epochs=2),
)


@pytest.fixture(scope="session")
def recipe():
    return SHORT


@pytest.fixture(scope="session")
def domains(make_domain):
    return make_domain("toy_source", 90, 1), make_domain("toy_target", 60, 2)
