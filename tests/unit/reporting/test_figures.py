from __future__ import annotations

import dataclasses

import matplotlib.image
import pytest

from cetransfer.reporting.figures import draw_comparison


@pytest.fixture(scope="module")
def drawn(finished, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    draw_comparison(finished, folder)
    return folder


def test_three_figures_are_written(drawn):
    assert sorted(path.name for path in drawn.iterdir()) == [
        "coverage.png",
        "parity.png",
        "strategies.png",
    ]


def test_without_rows_never_trained_on_there_is_no_coverage_to_draw(finished, tmp_path):
    draw_comparison(dataclasses.replace(finished, coverage={}), tmp_path)
    assert not (tmp_path / "coverage.png").exists()


@pytest.mark.parametrize("name", ["parity.png", "strategies.png", "coverage.png"])
def test_a_figure_is_a_png_of_sensible_size_with_something_on_it(drawn, name):
    assert (drawn / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    height, width, _ = matplotlib.image.imread(drawn / name).shape
    assert 600 <= width <= 2400
    assert 300 <= height <= 2400
    pixels = matplotlib.image.imread(drawn / name)[..., :3]
    assert 0.01 < (pixels < 0.9).any(axis=-1).mean() < 0.9


@pytest.mark.parametrize("count", [1, 2, 4])
def test_any_number_of_strategies_can_be_drawn(finished, tmp_path, count):
    draw_comparison(dataclasses.replace(finished, strategies=finished.strategies[:count]), tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_the_reference_may_have_a_name_of_its_own(finished, tmp_path):
    renamed = [
        dataclasses.replace(finished.strategies[0], name="scratch"),
        *finished.strategies[1:],
    ]
    table = finished.predictions.assign(
        strategy=finished.predictions["strategy"].replace("target_only", "scratch")
    )
    draw_comparison(dataclasses.replace(finished, strategies=renamed, predictions=table), tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 3
