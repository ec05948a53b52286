from __future__ import annotations

import numpy as np
import pytest
import torch

from cetransfer.seeding import Purpose, generator, number, torch_generator


def test_the_same_seed_purpose_and_path_give_the_same_numbers():
    first, second = (generator(3, Purpose.FOLDS, 1, 2).random(5) for _ in range(2))
    assert np.array_equal(first, second)
    one, two = (torch_generator(3, Purpose.INIT, 1).initial_seed() for _ in range(2))
    assert one == two


def test_purposes_seeds_and_paths_do_not_share_numbers():
    seen = {
        number(seed, purpose, *path)
        for seed in (0, 1)
        for purpose in Purpose
        for path in ((), (0,), (1,), (0, 0), (0, 1), (1, 0))
    }
    assert len(seen) == 2 * len(Purpose) * 6


def test_the_values_of_the_purposes_are_part_of_every_result():
    assert {purpose.name: int(purpose) for purpose in Purpose} == {
        "FOLDS": 1,
        "INIT": 2,
        "BATCHES": 3,
        "DROPOUT": 4,
        "DRAW": 5,
        "BOOTSTRAP": 6,
        "BASELINE": 7,
        "AUDIT": 8,
        "PAPER": 9,
        "SIGN_FLIP": 12,
        "INNER_FOLDS": 13,
        "SWEEP_FOLDS": 20,
        "SWEEP_ROWS": 21,
        "SWEEP_ASK": 22,
        "SUGGESTION": 30,
        "SIMULATION": 31,
        "KNOWN_ANSWERS": 32,
    }


def test_numbers_are_32_bit_and_those_of_earlier_results():
    assert number(0, Purpose.FOLDS) == 673228719
    assert number(0, Purpose.INIT, 0, 1) == 3629157004
    assert number(7, Purpose.BATCHES, 1, 0, 3, 2) == 3648964336


def test_a_torch_generator_draws_from_its_own_stream():
    own = torch_generator(0, Purpose.INIT, 4)
    expected = torch.Generator().manual_seed(number(0, Purpose.INIT, 4))
    torch.manual_seed(99)
    assert torch.equal(torch.rand(3, generator=own), torch.rand(3, generator=expected))


def test_a_negative_seed_is_no_seed():
    with pytest.raises(ValueError, match="non-negative"):
        generator(-1, Purpose.FOLDS)
