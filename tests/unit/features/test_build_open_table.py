from __future__ import annotations

import pytest

from cetransfer.features.build_open_table import impute, place


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, (1, 0)), (2, (1, 31)), (3, (2, 0)), (10, (2, 31)), (21, (4, 16)), (26, (4, 21)),
        (57, (6, 2)), (70, (6, 15)), (71, (6, 16)), (72, (6, 17)), (86, (6, 31)), (94, (7, 7)),
    ],
)  # fmt: skip
def test_places_in_the_long_periodic_table(number, expected):
    assert place(number) == expected


def test_a_group_of_the_d_block_is_one_column():
    assert {place(z)[1] for z in (22, 40, 72)} == {17}


def test_an_f_element_is_filled_from_its_neighbours_in_the_row():
    assert impute({60: 1.0, 62: 3.0, 93: 100.0}, 61) == (
        2.0,
        "mean of nearest in f block: Z = [60, 62]",
    )


def test_a_main_group_element_is_filled_from_its_group():
    assert impute({9: 1.0, 17: 2.0, 53: 4.0, 36: 9.0}, 35)[0] == 3.0


def test_the_last_resort_is_the_nearest_atomic_number():
    assert impute({5: 1.0, 8: 4.0}, 6) == (2.5, "mean of nearest atomic numbers: Z = [5, 8]")


def test_nothing_known_is_an_error_of_the_script():
    with pytest.raises(ValueError, match="Z = 6"):
        impute({}, 6)
