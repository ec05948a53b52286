from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.emery2017 import NAME as EMERY
from cetransfer.screening.criterion import make_criteria
from cetransfer.screening.worth.answers import EXPERIMENT, HULL, STABLE, questions_of
from cetransfer.screening.worth.question import Question, Rule
from cetransfer.screening.worth.rules import EMERY_ENERGY, rules_of
from cetransfer.screening.worth.worth import worth_of
from cetransfer.structures.prototypes import PROTOTYPES

WINDOW = {
    "goldschmidt": {"above": 0.8, "at_least": None, "below": None, "at_most": 1.1},
}


@pytest.fixture
def table():
    """Candidates with quantities and answers."""
    return pd.DataFrame(
        {
            "formula": ["SrTiO3", "BaTiO3", "CaSiO3", "BaSiO3"],
            "A": ["Sr", "Ba", "Ca", "Ba"],
            "B": ["Ti", "Ti", "Si", "Si"],
            "X": "O",
            "t": [0.92, 0.98, 1.0, 1.2],
            "mu": [0.48, 0.48, 0.2, 0.2],
            "tau": [3.0, 4.0, 5.0, np.nan],
            "tau_probability": [0.9, 0.7, 0.1, 0.0],
            "formation_energy": [-3.5, -3.4, -3.0, -2.0],
            "probability": [1.0, 0.9, 0.2, 0.0],
            EMERY_ENERGY: [-3.5, -3.3, -2.9, np.nan],
            HULL: [0.0, 0.04, 0.5, np.nan],
            "bartel2019": ["perovskite", "perovskite", "", "not a perovskite"],
        }
    )


def test_what_is_known_of_candidates_is_asked(table, mirror):
    questions, notes = questions_of(table, PROTOTYPES["perovskite"], None, mirror)
    assert [each.name for each in questions] == [EXPERIMENT, STABLE]
    assert questions[0].known.tolist() == [True, True, False, True]
    assert questions[1].truth[questions[1].known].tolist() == [True, True, False]
    assert notes == []


def test_a_question_whose_answers_are_all_the_same_is_none(table, mirror):
    some = table[table["bartel2019"] != "not a perovskite"].drop(columns=HULL)
    assert questions_of(some, PROTOTYPES["perovskite"], None, mirror)[0] == []


def test_81_oxides_were_not_used_to_fit_tau(mirror):
    from cetransfer.datasets.bartel2019 import read_labels

    labels, _ = read_labels()
    oxides = labels[labels["X"] == "O"]
    assert len(oxides) == 369
    own = oxides.assign(
        bartel2019=np.where(oxides["label"] > 0, "perovskite", "not a perovskite")
    ).reset_index(drop=True)
    questions, _ = questions_of(own, PROTOTYPES["perovskite"], None, mirror)
    fitted, fresh = questions
    assert fitted.known.sum() == 369
    assert not fitted.fair
    assert fresh.known.sum() == 81
    assert fresh.truth[fresh.known].sum() == 57


def test_compounds_that_the_model_learnt_the_answer_of_do_not_count(table, mirror):
    from cetransfer.datasets.catalogue import load

    frame = load(EMERY, root=mirror).frame
    row = 1 + frame.index[frame["formula"] == "SrTiO3"][0]
    about = {"data": [{"name": EMERY, "role": "target", "trained": f"{row}", "files": {}}]}
    questions, notes = questions_of(table, PROTOTYPES["perovskite"], about, mirror)
    assert questions[1].known.tolist() == [False, True, True, False]
    assert notes[0].startswith("1 compounds whose energies in emery2017 the model was trained on")


def test_the_alternatives_have_the_limits_of_the_funnel_or_the_published_ones(table, mirror):
    questions, _ = questions_of(table, PROTOTYPES["perovskite"], None, mirror)
    passing = np.array([True, True, False, False])
    rules = {rule.name: rule for rule in rules_of(table, passing, make_criteria(WINDOW), questions)}
    assert list(rules) == [
        *("funnel", "t_mu_window", "tau", "tau_published", "formation_energy"),
        *("hull_distance", "stable_probability"),
    ]
    assert rules["t_mu_window"].words == "0.8 < t <= 1.1 and 0.45 < mu < 0.7 alone"
    assert rules["t_mu_window"].passes.tolist() == [True, True, False, False]
    assert rules["tau"].passes.tolist() == [True, True, False, False]
    assert rules["formation_energy"].passes.all()
    # -3.0 against a hull of -2.9 - 0.5
    np.testing.assert_allclose(rules["hull_distance"].score[:3], [0.0, 0.06, -0.4], atol=1e-9)
    assert rules["hull_distance"].judged.tolist() == [True, True, True, False]
    assert rules["tau_published"].only == EXPERIMENT
    # the funnel asks for no energy here
    energetic = [name for name, rule in rules.items() if rule.energetic]
    assert energetic == ["formation_energy", "hull_distance", "stable_probability"]


def test_without_energies_and_radii_the_funnel_stands_alone(table):
    bare = table[["formula", "A", "B", "X", "probability"]]
    rules = rules_of(bare, np.ones(4, bool), make_criteria(WINDOW), [])
    assert [rule.name for rule in rules] == ["funnel"]


def made_up(count=400, seed=0):
    """Make a question, a rule that knows the answer well, one that does not, and elements."""
    random = np.random.default_rng(seed)
    truth = random.random(count) < 0.3
    every = np.ones(count, bool)
    good, bad = truth + 0.3 * random.normal(size=count), random.normal(size=count)
    sites = pd.DataFrame(random.choice(list("abcdefghij"), (count, 2)), columns=["A", "B"])
    question = Question(STABLE, "stable", every, truth)
    rules = [
        Rule("funnel", "the funnel", bad > 0, bad, every),
        Rule("better", "a better one", good > 0.5, good, every),
        Rule("window", "it does not rank", good > 0.5, None, every),
        Rule("other", "for another question", good > 0.5, good, every, only=EXPERIMENT),
    ]
    return question, rules, sites


def test_of_few_compounds_no_criterion_is_recommended():
    question, rules, sites = made_up(count=20)
    found = worth_of([question], rules, sites, np.random.default_rng(0))
    assert "20 compounds with a known answer" in found.document["sentence"]
    assert "too few to choose a criterion by" in found.document["sentence"]
    assert len(found.table) == 3


def test_the_better_criterion_is_named_with_the_reason():
    question, rules, sites = made_up()
    found = worth_of([question], rules, sites, np.random.default_rng(0))
    assert found.table["criterion"].tolist() == ["funnel", "better", "window"]
    sentence = found.document["sentence"]
    assert sentence.startswith("For what is stable, rank by better (a better one): its average")
    assert "a difference that is more than chance" in sentence
    better = found.table.set_index("criterion").loc["better"]
    assert better["precision_low"] < better["precision"] < better["precision_high"]
    assert better["enrichment"] > 2
    assert np.isnan(found.table.set_index("criterion").loc["window", "average_precision"])
    again = worth_of([question], rules, sites, np.random.default_rng(0))
    assert again.table.equals(found.table)


def test_a_funnel_that_is_best_is_recommended_and_an_equal_one_is_not_called_worse():
    question, rules, sites = made_up()
    good = worth_of(
        [question],
        [rules[1].__class__(**{**vars(rules[1]), "name": "funnel"})],
        sites,
        np.random.default_rng(0),
    )
    assert "rank by funnel" in good.document["sentence"]
    assert "difference" not in good.document["sentence"]
    chance = np.random.default_rng(5).normal(size=400)
    other = Rule("other", "as bad", chance > 0, chance, rules[0].judged)
    both = worth_of([question], [rules[0], other], sites, np.random.default_rng(0))
    if "rank by other" in both.document["sentence"]:
        assert "not distinguishable from chance" in both.document["sentence"]


def test_unfair_questions_have_a_table_but_choose_no_criterion():
    question, rules, sites = made_up()
    unfair = Question(**{**vars(question), "fair": False})
    found = worth_of([unfair], rules, sites, np.random.default_rng(0))
    assert len(found.table) == 3
    assert found.document["sentence"] == ""


def test_a_probability_of_the_answer_is_checked():
    question, rules, sites = made_up()
    said = np.clip(rules[1].score, 0, 1)
    sure = Rule("said", "a probability", said > 0.5, said, rules[1].judged, STABLE)
    found = worth_of([question], [rules[0], sure], sites, np.random.default_rng(0))
    (told,) = found.document["reliability"]
    assert told["criterion"] == "said"
    assert sum(each["compounds"] for each in told["bins"]) == 400
    assert found.table.set_index("criterion").loc["said", "brier"] < 0.1
