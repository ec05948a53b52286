from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cetransfer.row_spans import count, holds, spans_of, union

ROWS = st.sets(st.integers(1, 300))


def test_rows_become_spans():
    assert spans_of(np.array([5, 1, 2, 3, 9, 3])) == "1-3,5,9"
    assert spans_of(np.array([], dtype=int)) == ""


@settings(deadline=None)
@given(ROWS)
def test_spans_hold_just_these_rows(rows):
    spans = spans_of(np.array(sorted(rows), dtype=int))
    assert {row for row in range(302) if holds(spans, row)} == rows
    assert count(spans) == len(rows)


@settings(deadline=None)
@given(ROWS, ROWS)
def test_a_union_holds_the_rows_of_both(one, other):
    spans = [spans_of(np.array(sorted(rows), dtype=int)) for rows in (one, other)]
    assert union(spans) == spans_of(np.array(sorted(one | other), dtype=int))
