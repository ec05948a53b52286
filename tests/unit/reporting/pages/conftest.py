"""A small comparison as its folder tells it, and a drawing of one point."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cetransfer.evaluation.result import stage
from cetransfer.reporting.pages.comparison.stored import read_stored
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, report_style


@pytest.fixture(scope="session")
def folder(finished, tmp_path_factory):
    """Return the folder of a comparison; only to be read."""
    return stage(finished, tmp_path_factory.mktemp("stored") / "result")


@pytest.fixture(scope="session")
def document(folder):
    """Return the document of that comparison; only to be read."""
    return json.loads((folder / "comparison.json").read_text())


@pytest.fixture(scope="session")
def stored(folder, document):
    """Return that comparison."""
    return read_stored(folder, document)


@pytest.fixture
def make_drawing():
    """Call with words for a figure of one point to get its drawing."""

    def make(name="point", title="a point", alt="one point"):
        from matplotlib.figure import Figure

        with report_style():
            figure = Figure(figsize=(3, 2), layout="constrained")
            axes = figure.subplots()
            axes.scatter([1], [2], color=BLUE)
            axes.plot([0, 1], [0, 1], clip_on=True)
            axes.set_title(title)
        data = pd.DataFrame({"x": [1], "y": [2]})
        return Drawing(name, "A caption.", alt, figure, data)

    return make
