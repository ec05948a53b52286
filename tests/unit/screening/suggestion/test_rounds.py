from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from cetransfer.errors import UserError
from cetransfer.screening.suggestion.simulation.arm import Arm, beginning, rows_of
from cetransfer.screening.suggestion.simulation.learner import Learner, Learnt
from cetransfer.screening.suggestion.simulation.rounds import COLUMNS, methods_of, run_rounds
from cetransfer.screening.suggestion.simulation.run import simulate
from cetransfer.settings_suggest import check_simulation

TINY = (
    "n=4",
    "first=6",
    "rounds=2",
    "further=1",
    "seeds=2",
    "test=12",
    "methods=[uncertainty,variance]",
    "network.hidden=[8,4]",
    "protocol.members=2",
    "training.epochs=3",
    "training.source.epochs=3",
    "training.batch_size=8",
)


@pytest.fixture
def tiny(compose):
    """Settings of a simulation of 40 rows."""
    return compose(*TINY, config="simulate")


class Fake:
    """Predicts without learning, and writes down what it was given."""

    def __init__(self, target):
        self.target = target
        self.places = np.random.default_rng(0).normal(size=(len(target), 4))
        self.asked = []

    def learn(self, labelled):
        self.asked.append(dict(labelled))
        for arm, rows in labelled.items():
            random = np.random.default_rng([arm.seed, len(rows)])
            predicted = random.normal(size=(3, len(self.target)))
            yield Learnt([arm], predicted)


@pytest.fixture
def fake(make_domain):
    """A learner that takes no time."""
    return Fake(make_domain("toy_target", 40, 2))


def test_rows_that_measure_the_error_are_never_labelled(tiny, fake, tmp_path):
    everything = np.arange(40)
    rows = rows_of(tiny, everything)
    assert sorted([*rows.test, *rows.pool]) == list(range(40))
    table = run_rounds(fake, tiny, everything, tmp_path)
    assert list(table) == COLUMNS
    counts = table.groupby(["method", "seed"])["labels"].apply(list)
    for seed in (0, 1):
        assert counts["random", seed] == [6, 10, 14, 18]
        assert counts["variance", seed] == counts["uncertainty", seed] == [6, 10, 14]
    for labelled in fake.asked:
        for own in labelled.values():
            assert set(own) <= set(rows.pool)
            assert len(set(own)) == len(own)


def test_all_methods_of_a_beginning_begin_with_the_same_labels(tiny, fake, tmp_path):
    run_rounds(fake, tiny, np.arange(40), tmp_path)
    first = fake.asked[0]
    for seed in (0, 1):
        own = [rows.tolist() for arm, rows in first.items() if arm.seed == seed]
        assert own == own[:1] * 3
    assert not np.array_equal(first[Arm("random", 0)], first[Arm("random", 1)])


def test_a_killed_simulation_goes_on_from_the_last_finished_round(tiny, fake, tmp_path):
    whole = run_rounds(fake, tiny, np.arange(40), tmp_path)
    (tmp_path / "round-003.json").unlink()
    (tmp_path / "round-002.json").unlink()
    before = len(fake.asked)
    again = run_rounds(fake, tiny, np.arange(40), tmp_path)
    assert again.equals(whole)
    assert len(fake.asked) == before + 2
    assert [arm.method for arm in fake.asked[-1]] == ["random", "random"]


def test_too_few_rows_are_told_with_what_would_do(tiny):
    with pytest.raises(UserError) as caught:
        rows_of(tiny, np.arange(29))
    assert str(caught.value) == (
        "2 + 1 rounds of n=4 after first=6 are 18 labels, and test=12 leaves 17 of 29 rows; give "
        "smaller rounds, further, n, first or test"
    )
    assert len(rows_of(tiny, np.arange(30)).pool) == 18


def test_beginnings_depend_on_the_seed_of_the_run(tiny):
    rows = rows_of(tiny, np.arange(40))
    first = beginning(tiny, rows, 0)
    tiny.seed = 1
    assert not np.array_equal(first, beginning(tiny, rows, 0))


def test_chance_is_always_a_method_and_a_wrong_one_is_named(tiny):
    assert methods_of(tiny) == ["random", "uncertainty", "variance"]
    tiny.methods = ["variance", "varianz"]
    with pytest.raises(UserError, match="methods=varianz is unknown; did you mean variance"):
        methods_of(tiny)


@pytest.mark.parametrize(
    ("key", "value"),
    [("n", 0), ("first", 1), ("rounds", 0), ("further", -1), ("seeds", 1), ("test", 0)],
)
def test_a_value_out_of_range_is_named_with_its_key(tiny, key, value):
    check_simulation(tiny)
    setattr(tiny, key, value)
    with pytest.raises(UserError, match=f"{key}={value} is too small"):
        check_simulation(tiny)


def test_a_simulation_trains_one_strategy_and_splits_nothing(compose):
    with pytest.raises(UserError, match=r"strategy=\[fine_tune,freeze\] are 2"):
        check_simulation(compose("strategy=[fine_tune,freeze]", config="simulate"))
    with pytest.raises(UserError, match="protocol=by_a has no meaning here"):
        check_simulation(compose("protocol=by_a", config="simulate"))


@pytest.fixture
def learner(tiny, make_domain, tmp_path):
    """A learner of real, small networks."""
    source, target = make_domain("toy_source", 60, 1), make_domain("toy_target", 40, 2)
    return Learner(tiny, (source,), target, tmp_path)


def test_arms_with_the_same_labels_are_trained_once(learner):
    rows = np.arange(10)
    arms = {Arm("random", 0): rows, Arm("variance", 0): rows, Arm("random", 1): rows}
    learnt = list(learner.learn(arms))
    assert [each.arms for each in learnt] == [
        [Arm("random", 0), Arm("variance", 0)],
        [Arm("random", 1)],
    ]
    first, second = learnt
    assert first.predicted.shape == (2, 40)
    # the same rows, other seeds
    assert not np.array_equal(first.predicted, second.predicted)


def test_a_simulation_of_real_networks_tells_what_it_found(learner, tiny, tmp_path):
    tiny.overrides = ["n=4"]
    made = simulate(tiny, learner, tmp_path, tmp_path / "kept")
    again = simulate(tiny, learner, tmp_path, tmp_path / "anew")
    assert made.table.equals(again.table)
    document = made.document
    assert document["command"] == "cetransfer suggest simulate n=4"
    assert {line["method"] for line in document["labels_saved"]} == {"uncertainty", "variance"}
    assert {line["labels"] for line in document["labels_saved"]} == {14}
    assert document["best"] in {"uncertainty", "variance"}
    assert document["best"] in document["verdict"]
    assert "overrides" not in document["config"]


def test_a_strategy_that_needs_pairs_is_refused_without(compose, make_domain, tmp_path):
    settings = compose(*TINY, "strategy=[profile_kernel]", config="simulate")
    with pytest.raises(UserError, match="strategy profile_kernel needs tables"):
        Learner(settings, (make_domain("a", 60, 1),), make_domain("b", 40, 2), tmp_path)


def test_the_verdict_says_when_only_chance_was_simulated(tiny, learner, tmp_path):
    tiny.methods = ["random"]
    document = simulate(tiny, learner, tmp_path, tmp_path / "kept").document
    assert document["best"] is None
    assert document["verdict"].startswith("Only random choice was simulated")


@pytest.mark.parametrize(
    ("p", "delta", "at_least", "expected"),
    [
        (0.2, -0.1, False, "No method is distinguishable from random choice; the best, variance"),
        (0.01, 0.1, False, "Every method is worse than random choice; the best, variance"),
        (
            0.01,
            -0.1,
            False,
            "variance saves 100 labels: random choice needs 400 (95 %: 380 to 420)",
        ),
        (0.01, -0.1, True, "variance saves more than 100 labels: random choice needs more than"),
    ],
)
def test_the_verdict_is_honest(tiny, p, delta, at_least, expected):
    from cetransfer.screening.suggestion.simulation.run import limits, verdict

    line = SimpleNamespace(
        method="variance",
        labels=300,
        mae=0.1,
        mae_random=0.1 - delta,
        delta=delta,
        delta_low=delta - 0.01,
        delta_high=delta + 0.01,
        p_corrected=p,
        random_labels=400.0,
        random_low=380.0,
        random_high=420.0,
        saved=100.0,
        at_least=at_least,
    )
    assert verdict([line], tiny, "eV/atom").startswith(expected)
    assert any("did not reach" in one for one in limits(tiny, [line])) == at_least
