from __future__ import annotations

import pytest

from cetransfer.errors import UserError
from cetransfer.sweeps.batch import FRESH, INNER, OUTER, Batch, Item
from cetransfer.sweeps.workshop import strategy_of

RATE = "strategy.fine_tune.learning_rate"


def item(trial, parameters, part=INNER, folds=(0, 1, 2), members=1):
    return Item(trial, parameters, part, list(folds), members)


def train(workshop, *items):
    return workshop.train(Batch(0, list(items)))


def test_a_trial_in_a_stack_is_what_it_is_alone(make_workshop):
    asked = [
        item(number, {RATE: rate, "network.dropout": rate * 10, "training.l1": rate / 100})
        for number, rate in enumerate((1e-3, 3e-3, 1e-2))
    ]
    together = train(make_workshop(), *asked)
    alone = [train(make_workshop(), each)[0] for each in asked]
    for one, other in zip(together, alone, strict=True):
        assert one.errors == pytest.approx(other.errors, rel=1e-4)
    assert len({result.errors[0] for result in together}) == 3


def test_a_fold_is_scored_alike_in_one_rung_or_in_two(make_workshop):
    (whole,) = train(make_workshop(), item(0, {RATE: 1e-3}))
    (first,) = train(make_workshop(), item(0, {RATE: 1e-3}, folds=[0]))
    (rest,) = train(make_workshop(), item(0, {RATE: 1e-3}, folds=[1, 2]))
    assert [*first.errors, *rest.errors] == pytest.approx(whole.errors, rel=1e-4)


def test_a_trial_that_diverges_does_not_take_the_others_with_it(make_workshop):
    good, bad = item(0, {RATE: 1e-3}), item(1, {RATE: 1e30})
    results = train(make_workshop(), good, bad)
    assert "not finite" in results[1].reason
    assert results[1].errors == []
    assert results[0].errors == pytest.approx(train(make_workshop(), good)[0].errors, rel=1e-4)


def test_a_trial_that_cannot_be_is_told_with_its_reason(make_workshop):
    workshop = make_workshop("sweep=strategies", "network.hidden=[8,4]")
    parameters = {"strategy": "freeze", "strategy.freeze.layers": 3}
    (result,) = train(workshop, item(0, parameters))
    assert "cannot be frozen" in result.reason


def test_architectures_and_strategies_may_differ_within_a_batch(make_workshop):
    workshop = make_workshop("sweep=strategies")
    results = train(
        workshop,
        item(0, {"strategy": "target_only"}),
        item(1, {"strategy": "freeze", "network.hidden": "[6,5,4]"}),
        item(2, {"strategy": "l2_sp", "strategy.l2_sp.pull": 1.0}),
        item(3, {"strategy": "zero_shot"}),
    )
    assert [result.trial for result in results] == [0, 1, 2, 3]
    assert all(len(result.errors) == 3 for result in results), results
    # 6 features: (6 + 1) 8 + (8 + 1) 4 + 4 + 1 and (6 + 1) 6 + (6 + 1) 5 + (5 + 1) 4 + 4 + 1
    assert [result.size for result in results[:2]] == [97, 106]


def test_the_outer_fold_is_scored_row_by_row(make_workshop):
    workshop = make_workshop()
    (result,) = train(workshop, item(0, {RATE: 1e-3}, OUTER, [0], 2))
    assert len(result.per_row) == len(workshop.folds.outer[0].test) == 18
    assert result.errors == pytest.approx([sum(result.per_row) / 18])
    assert result.labels == 18


def test_fresh_folds_give_other_errors(make_workshop):
    results = train(make_workshop(), item(0, {RATE: 1e-3}), item(0, {RATE: 1e-3}, FRESH))
    assert results[0].errors != results[1].errors


def test_a_number_of_labels_is_trained_on(make_workshop):
    workshop = make_workshop()
    few, many = train(
        workshop, item(0, {"dataset.n_labelled": 6}), item(1, {"dataset.n_labelled": 200})
    )
    assert few.labels == 6
    assert "dataset.n_labelled=200 is more than the 12 rows" in many.reason


def test_source_nets_are_trained_once_for_all_trials(make_workshop, tmp_path):
    workshop = make_workshop()
    train(workshop, *(item(0, {"training.weight_decay": decay}) for decay in (0.1, 0.2)))
    assert len(list((tmp_path / "outputs" / "source").glob("[!.]*"))) == 1


def test_several_strategies_at_once_are_refused(compose):
    with pytest.raises(UserError, match=r"strategy=\[target_only,freeze\] are 2"):
        strategy_of(compose("strategy=[target_only,freeze]", config="sweep"))
