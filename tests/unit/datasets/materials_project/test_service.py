from __future__ import annotations

import socket
import sys

import pytest

from cetransfer.datasets.materials_project import service
from cetransfer.datasets.materials_project.query import Query
from cetransfer.datasets.materials_project.service import ask
from cetransfer.errors import UserError

SUMMARY, HEARTBEAT = "/materials/summary/", "/heartbeat"
ABC3 = Query("ABC3")


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_all_pages_are_fetched(materials_project, monkeypatch):
    monkeypatch.setattr(service, "PAGE", 3)
    for number, metal in enumerate(("Ca", "Sr", "Ba", "Pb", "Cd", "La", "Y")):
        materials_project.add(f"mp-{number}", f"{metal}TiO3", 221, -3 - number / 8)
    answer = ask(ABC3)
    assert answer.entries["material_id"].tolist() == [f"mp-{number}" for number in range(7)]
    assert answer.entries["formation_energy_per_atom"].tolist() == [-3 - n / 8 for n in range(7)]
    assert answer.database_version == materials_project.VERSION
    assert answer.endpoint == materials_project.endpoint
    asked = [words for path, words in materials_project.asked if path == SUMMARY]
    pages = [words.get("_skip") for words in asked if "symmetry" in words["_fields"]]
    assert pages == [None, "3", "6"]


def test_conditions_narrow_the_answer(materials_project):
    for identifier, formula, group in (
        ("mp-1", "SrTiO3", 221),
        ("mp-2", "SrTiO3", 140),
        ("mp-3", "BaTiO3", 221),
        ("mp-4", "KMgF3", 221),
        ("mp-5", "MgAl2O4", 227),
        ("mp-6", "K2NiF4", 139),
    ):
        materials_project.add(identifier, formula, group, -3.0)

    def found(*conditions):
        return ask(Query(*conditions)).entries["material_id"].tolist()

    assert found("ABC3") == ["mp-1", "mp-2", "mp-3", "mp-4"]
    assert found("ABC3", (), 221) == ["mp-1", "mp-3", "mp-4"]
    assert found("ABC3", ("O-Sr-Ti",)) == ["mp-1", "mp-2"]
    assert found("ABC3", ("Ba-O-Ti", "O-Sr-Ti"), 221) == ["mp-1", "mp-3"]
    assert found("ABC3", ("*-*-O",), 221) == ["mp-1", "mp-3"]
    assert found("AB2C4", (), 227) == ["mp-5"]


def test_deprecated_and_non_commercial_entries_are_not_asked_for(materials_project):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    materials_project.add("mp-2", "BaTiO3", 221, -3.5, deprecated=True)
    materials_project.add("mp-3", "CaTiO3", 221, -3.5, batch_id=service.GNOME)
    assert ask(ABC3).entries["material_id"].tolist() == ["mp-1"]


def test_what_an_entry_lacks_stays_empty(materials_project):
    materials_project.add("mp-1", "SrTiO3", 221, None, None, symmetry=None)
    row = ask(ABC3).entries.iloc[0]
    assert row[["formation_energy_per_atom", "energy_above_hull", "space_group"]].isna().all()


def test_nothing_is_written_and_nothing_else_is_called(materials_project, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    ask(ABC3)
    assert not list(tmp_path.iterdir())
    assert {path for path, _ in materials_project.asked} <= {HEARTBEAT, SUMMARY}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "needs a key; copy yours from https://next-gen"),
        (" ", "needs a key"),
        ("s3cret", "MP_API_KEY holds no key of the Materials Project"),
        ("s3cret\r\nx-other: 1" + "x" * 13, "holds no key"),
    ],
)
def test_no_key_or_no_possible_key_is_not_sent(materials_project, monkeypatch, key, message):
    if key is None:
        monkeypatch.delenv("MP_API_KEY")
    else:
        monkeypatch.setenv("MP_API_KEY", key)
    with pytest.raises(UserError, match=message) as caught:
        ask(ABC3)
    assert "s3cret" not in one_line(caught)
    assert materials_project.asked == []


@pytest.mark.usefixtures("materials_project")
def test_a_wrong_key_is_named_but_not_shown(monkeypatch):
    monkeypatch.setenv("MP_API_KEY", "s3cret" + "y" * 26)
    with pytest.raises(UserError, match=r"refused the key in MP_API_KEY \(status 401\); copy") as e:
        ask(ABC3)
    assert "s3cret" not in one_line(e)


def test_a_forbidden_key_is_named(materials_project):
    materials_project.instead[SUMMARY] = 403, {"message": "Forbidden"}
    with pytest.raises(UserError, match=r"refused the key in MP_API_KEY \(status 403\)"):
        ask(ABC3)


def test_a_key_that_the_service_repeats_is_not_shown(materials_project):
    materials_project.instead[SUMMARY] = 500, {"detail": f"bad luck\nwith {materials_project.KEY}"}
    with pytest.raises(UserError, match=r"500: bad luck with \.\.\.; try again later") as error:
        ask(ABC3)
    assert materials_project.KEY not in one_line(error)


@pytest.mark.parametrize(
    ("path", "status", "body", "message"),
    [
        (SUMMARY, 500, b"<html>oops</html>", "status 500: Response <html>oops</html>; try again"),
        (SUMMARY, 500, ["oops"], "not of the Materials Project's format"),
        (SUMMARY, 400, {"detail": "no such field"}, "does not understand .* pip install --upgrade"),
        (SUMMARY, 502, b"bad gateway", r"cannot reach .* \(too many 502 error responses\); check"),
        (SUMMARY, 200, b'{"data": [', "format"),
        (SUMMARY, 200, b"", "format"),
        (SUMMARY, 200, {"error": "no"}, "format"),
        (SUMMARY, 200, [], "format"),
        (SUMMARY, 200, {"data": [{"material_id": "mp-1"}], "meta": {"total_doc": 1}}, "format"),
        (SUMMARY, 200, {"data": ["mp-1"], "meta": {"total_doc": 1}}, "format"),
        (HEARTBEAT, 500, b"oops", "format"),
        (HEARTBEAT, 500, {"error": "out of order"}, r"cannot reach .*\(out of order\)"),
        (HEARTBEAT, 200, b"<html>a proxy's page</html>", "format"),
        (HEARTBEAT, 200, {}, "format"),
        (HEARTBEAT, 200, [], "format"),
        (HEARTBEAT, 403, b"", "does not tell its database version"),
    ],
)
def test_a_failing_service_is_told_in_one_line(materials_project, path, status, body, message):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    materials_project.instead[path] = status, body
    with pytest.raises(UserError, match=message) as caught:
        ask(ABC3)
    assert len(one_line(caught)) < 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"formation_energy_per_atom": "-3.5 eV"},
        {"material_id": 7},
        {"formula_pretty": None},
        {"symmetry": 221},
        {"symmetry": {"number": "Pm-3m"}},
    ],
)
def test_an_entry_of_another_format_is_refused(materials_project, wrong):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5, **wrong)
    with pytest.raises(UserError, match="not of the Materials Project's format"):
        ask(ABC3)


def test_a_service_that_is_down_is_told_with_its_address(monkeypatch):
    pytest.importorskip("mp_api", reason="mp-api is not installed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MP_API_KEY", "y" * 32)
    # the discard port: nothing listens
    monkeypatch.setenv("MP_API_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"at http://127\.0\.0\.1:9 \(.*refused\); check") as e:
        ask(ABC3)
    assert "y" * 32 not in one_line(e)


def test_a_silent_service_is_not_waited_for_without_end(monkeypatch):
    pytest.importorskip("mp_api", reason="mp-api is not installed")
    monkeypatch.setattr(service, "TIMEOUT", 0.1)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MP_API_KEY", "y" * 32)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("MP_API_ENDPOINT", endpoint)
        with pytest.raises(UserError, match=rf"at {endpoint} \(Read timed out\. .*; check the"):
            ask(ABC3)


def test_an_address_that_is_none_is_told(monkeypatch):
    pytest.importorskip("mp_api", reason="mp-api is not installed")
    monkeypatch.setenv("MP_API_KEY", "y" * 32)
    monkeypatch.setenv("MP_API_ENDPOINT", "materials.example")
    with pytest.raises(UserError, match=r"No scheme supplied.*; check the network and MP_API_END"):
        ask(ABC3)


def test_an_empty_answer_names_the_query(materials_project):
    materials_project.add("mp-1", "MgAl2O4", 227, -2.9)
    with pytest.raises(UserError, match="no entry with formula ABC3; widen the query"):
        ask(ABC3)


def test_an_answer_that_is_not_whole_is_refused(materials_project):
    entry = {"material_id": "mp-1", "formula_pretty": "SrTiO3", "symmetry": {"number": 221}}
    entry |= {"formation_energy_per_atom": -3.5, "energy_above_hull": 0.0}
    for data, total, message in (
        ([entry], 2, "counts 2 entries .* but gave 1; try again later"),
        ([entry, entry], 2, "counts 2 entries .* but gave 1"),
        ([], 2, "counts 2 entries .* but gave 0"),
    ):
        materials_project.instead[SUMMARY] = 200, {"data": data, "meta": {"total_doc": total}}
        with pytest.raises(UserError, match=message):
            ask(ABC3)


def test_without_the_library_the_command_to_install_it_is_given(monkeypatch):
    monkeypatch.setenv("MP_API_KEY", "y" * 32)
    monkeypatch.setitem(sys.modules, "mp_api.client", None)
    with pytest.raises(UserError, match=r"pip install 'cetransfer\[mp\]'"):
        ask(ABC3)
