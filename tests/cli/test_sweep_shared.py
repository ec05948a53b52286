"""One sweep by several processes that know each other through PostgreSQL alone."""

from __future__ import annotations

import json
import subprocess
import time

import pandas as pd
import pytest

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

WORDS = (
    "sweep=small",
    "sweep.trials=16",
    "sweep.batch=2",
    "sweep.inner_folds=3",
    "sweep.rungs=[1,3]",
    "sweep.outer_folds=2",
    "sweep.grace=4",
    "protocol.members=2",
    "training.epochs=30",
    "training.source.epochs=2",
    "dataset.n_labelled=60",
)
LIMIT = 300.0
PASSWORD = "s3cret-w0rd"  # noqa: S105 - of a database made for the test


@pytest.fixture
def address(postgresql):
    """Return the address of a database that asks for a password."""
    plain = postgresql.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS sweeps")
        connection.execute("DROP ROLE IF EXISTS guarded")
        connection.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("CREATE DATABASE sweeps OWNER guarded")
    whole = plain.replace("//cetransfer@", f"//guarded:{PASSWORD}@")
    return whole.replace("/postgres", "/sweeps")


def result_of(project):
    (folder,) = (project / "outputs" / "sweep").iterdir()
    table = pd.read_parquet(folder / "trials.parquet")
    return json.loads((folder / "sweep.json").read_text()), table


@pytest.mark.slow
def test_no_trial_is_lost_or_counted_twice_when_one_of_two_machines_is_killed(
    tools, tmp_path, address, inside
):
    projects = [tools.make_project(tmp_path / name / "project") for name in ("one", "two", "three")]
    words = (*WORDS, f"sweep.storage={address}")

    def start(project):
        return tools.start("sweep", *words, cwd=project, stdout=subprocess.DEVNULL)

    first, second = start(projects[0]), start(projects[1])
    # killed while it holds trials
    with psycopg.connect(address, autocommit=True) as connection:
        end = time.monotonic() + LIMIT
        while not _holders(connection) >= 2:
            assert time.monotonic() < end
            assert second.poll() is None, second.communicate()
            time.sleep(0.1)
    second.kill()
    second.communicate()
    third = start(projects[2])
    for process in (first, third):
        _, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, err

    (document, table), (other, same) = result_of(projects[0]), result_of(projects[2])
    pd.testing.assert_frame_equal(table, same, check_exact=True)
    for key in ("outer", "score", "optimism", "key"):
        assert document[key] == other[key]
    counted = table[table["state"] != "lost"]
    assert list(counted.groupby("outer").size()) == [16, 16]
    lost = table[table["state"] == "lost"]
    assert len(lost) > 0
    for outer, own in table.groupby("outer"):
        assert sorted(own["retry_of"].dropna()) == sorted(lost[lost["outer"] == outer]["trial"])

    status = inside("sweep", "status", "sweep=small", f"sweep.storage={address}", cwd=projects[1])
    assert status.stdout.count("16 of 16") == 2
    assert PASSWORD not in status.stdout
    for path in tmp_path.rglob("*"):
        if path.is_file() and not path.is_symlink() and "data" not in path.parts[-2:-1]:
            assert PASSWORD.encode() not in path.read_bytes(), path


def _holders(connection):
    found = connection.execute("SELECT to_regclass('trial_user_attributes')").fetchone()[0]
    if found is None:
        return 0
    asked = "SELECT count(DISTINCT value_json) FROM trial_user_attributes WHERE key = 'held_by'"
    return connection.execute(asked).fetchone()[0]
