"""Sweeps in a PostgreSQL database."""

from __future__ import annotations

import builtins
import threading
import time
import uuid

import pytest
import sqlalchemy

from cetransfer.errors import UserError
from cetransfer.sweeps.executors.here import Here
from cetransfer.sweeps.result import make_result
from cetransfer.sweeps.run import check_sweep, run_sweep, sweep_key
from cetransfer.sweeps.shared import address_of, open_shared
from cetransfer.sweeps.signs import SIGNS, Signs
from cetransfer.sweeps.status import progress_of_shared
from cetransfer.sweeps.storage import open_folder

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

GRACE = 60.0


@pytest.fixture
def address(postgresql):
    """Return the address of a database as a user gives it."""
    return postgresql.replace("+psycopg", "")


@pytest.fixture
def name():
    """Return a name that no other test has used in the database."""
    return f"sweep-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def engine(postgresql):
    made = sqlalchemy.create_engine(postgresql)
    SIGNS.metadata.create_all(made)
    yield made
    made.dispose()


def run(workshop, place, executor=Here):
    space = check_sweep(workshop.settings.sweep)
    key = sweep_key(workshop, space)
    return make_result(workshop, space, key, run_sweep(workshop, space, place, key, executor), 1.0)


def numbers(sweep):
    return sweep.trials.drop(columns="seconds").to_dict("records"), sweep.document["outer"]


def test_one_machine_gets_the_numbers_that_it_gets_with_a_file(
    make_workshop, address, name, tmp_path
):
    with open_folder(tmp_path) as place:
        expected = run(make_workshop("sweep.outer_folds=null"), place)
    with open_shared(address, name, GRACE) as place:
        found = run(make_workshop("sweep.outer_folds=null"), place)
    assert numbers(found) == numbers(expected)


def test_machines_at_work_at_once_end_with_one_result(make_workshop, address, name):
    results = []
    words = ("sweep.outer_folds=null", "sweep.batch=2", f"sweep.storage={address}")

    def work():
        with open_shared(address, name, GRACE) as place:
            results.append(run(make_workshop(*words), place))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = results
    assert numbers(first) == numbers(second)
    assert len(first.trials) == 6
    assert set(first.trials["state"]) <= {"complete", "pruned"}
    (study,) = progress_of_shared(address, name, GRACE)
    assert (study.finished, study.machines, study.judged) == (6, 0, True)


def test_a_machine_lives_as_long_as_it_gives_signs_by_the_databases_clock(engine, name):
    signs = Signs(engine, name, 0.4)
    with signs.given_by("one"):
        signs.give("two")
        assert signs.living() == {"one", "two"}
        time.sleep(0.6)
        assert signs.living() == {"one"}
        assert Signs(engine, "another", 0.4).living() == set()
        assert Signs(engine, name, 60).living() == {"one", "two"}
    assert signs.living() == set()


def test_a_turn_is_that_of_one_machine_alone(address, name):
    seen = []
    with open_shared(address, name, GRACE) as first, open_shared(address, name, GRACE) as second:

        def take():
            with second.machines.turn():
                seen.append("second")

        with first.machines.turn():
            thread = threading.Thread(target=take)
            thread.start()
            time.sleep(0.2)
            seen.append("first")
        thread.join()
        assert second.machines.gone({first.machines.name, "other"}) == {"other"}
    assert seen == ["first", "second"]


def test_another_search_space_under_the_same_name_is_refused(make_workshop, address, name):
    with open_shared(address, name, GRACE) as place:
        run(make_workshop("sweep.trials=1", "sweep.outer_folds=null"), place)
    refused = f"study {name}, holds a sweep with another search space.*sweep.study=NAME"
    with open_shared(address, name, GRACE) as place, pytest.raises(UserError, match=refused):
        run(make_workshop("sweep.trials=1", "sweep.outer_folds=null", "seed=1"), place)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///study.db",
        "mysql://me@host/db",
        "postgresql://me:s3cret@host",
        "postgresql://me:s3cret@host:port/db",
        "study.db",
    ],
)
def test_what_is_no_address_of_a_shared_database_is_named(compose, address):
    with pytest.raises(UserError, match="is no address of a PostgreSQL database") as caught:
        check_sweep(compose(f"sweep.storage='{address}'", config="sweep").sweep)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_is_away_is_one_line():
    refused = "postgresql://me:s3cret@127.0.0.1:9/db"
    with (
        pytest.raises(UserError, match=r"storage=postgresql://me:\*\*\*@127.0.0.1:9/db cannot"),
        open_shared(refused, "any", GRACE),
    ):
        pass


def test_a_wrong_password_is_one_line_without_it(address):
    url = address_of(address)
    with psycopg.connect(url.set(drivername="postgresql").render_as_string()) as connection:
        connection.execute("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'r1ght'")
    wrong, right = (url.set(username="guarded", password=word) for word in ("wr0ng", "r1ght"))
    with (
        pytest.raises(UserError, match="password authentication failed") as caught,
        open_shared(wrong.render_as_string(hide_password=False), "any", GRACE),
    ):
        pass
    assert "wr0ng" not in str(caught.value)
    with open_shared(right.render_as_string(hide_password=False), "any", GRACE) as place:
        assert "r1ght" not in place.words


def test_a_missing_driver_is_one_line(address, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with (
        pytest.raises(UserError, match=r"pip install 'cetransfer\[postgresql\]'"),
        open_shared(address, "any", GRACE),
    ):
        pass


def test_status_of_what_was_not_begun_is_one_line(address, name):
    with pytest.raises(UserError, match=f"no sweep {name} was begun in postgresql://"):
        progress_of_shared(address, name, GRACE)
