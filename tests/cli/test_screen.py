"""`cetransfer screen`: the published funnel, and what a user can get wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

PAPER = ("screen", "experiment=screen_paper2023", "model=null", "shown=3")


def result(project):
    """Return the files of the only screening of a project."""
    (folder,) = (project / "outputs" / "screen").iterdir()
    return SimpleNamespace(
        folder=folder,
        document=json.loads((folder / "screen.json").read_text()),
        candidates=pd.read_parquet(folder / "candidates.parquet"),
        shortlist=pd.read_csv(folder / "shortlist.csv", keep_default_na=False),
    )


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dvc.yaml").touch()
    return tmp_path


@pytest.fixture(scope="module")
def released(mirror):
    """Return the released predictions and radii."""
    folder = mirror / "li2023"
    table = pd.read_excel(folder / "raw_data" / "All_perovskite_5329.xlsx", keep_default_na=False)
    radii = pd.read_csv(folder / "derived" / "ionic_radii_73.csv", keep_default_na=False)
    return SimpleNamespace(table=table, radii=radii)


def counts(table, radii):
    """Count the published funnel with pandas alone."""
    radius = radii.set_index("element").iloc[:, 0]
    sites = table["perovskites"].str.extract(r"^([A-Z][a-z]?)([A-Z][a-z]?)O3$")
    r_a, r_b = sites[0].map(radius), sites[1].map(radius)
    t = (r_a + 1.382) / (np.sqrt(2) * (r_b + 1.382))
    mu = r_b / 1.382
    passes = (t > 0.7) & (t <= 1.1)
    found = [len(table), passes.sum()]
    for more in ((mu > 0.45) & (mu < 0.7), table["formation_energy"] < -1.0):
        passes &= more
        found.append(passes.sum())
    return found


def funnel_of(document):
    return [document["counts"]["candidates"], *(step["after"] for step in document["funnel"])]


def test_the_published_funnel_and_list_come_out(project, mirror, inside):
    assert mirror
    done = inside(*PAPER, cwd=project)
    assert done.returncode == 0, done.stderr
    found = result(project)
    assert funnel_of(found.document) == [5329, 2800, 1475, 1314]
    stable = found.document["further"]["stable"]
    assert stable["count"] == stable["published"]["both"] == stable["published"]["count"] == 89
    assert stable["published"]["only_here"] == stable["published"]["only_published"] == []
    assert len(pd.read_csv(found.folder / "stable.csv")) == 89
    rows = found.candidates.set_index("formula")
    columns = ["t", "mu", "formation_energy"]
    golden = {
        "SrTiO3": (0.921789, 0.484805, -3.507825),
        "BaHfO3": (0.960750, 0.520984, -3.882049),
    }
    for formula, numbers in golden.items():
        assert rows.loc[formula, columns].tolist() == pytest.approx(numbers, abs=2e-6)
        assert rows.loc[formula, "dropped_by"] == ""
    assert rows.loc["CsBO3", ["t", "mu"]].tolist() == pytest.approx([1.482492, 0.094067], abs=2e-6)
    assert rows.loc["CsBO3", "dropped_by"] == "goldschmidt"
    assert (rows["dropped_by"] == "").sum() == len(found.shortlist) == 1314
    assert found.document["provenance"]["shortlist"]["perovskite (bartel2019)"] == 98
    assert found.document["provenance"]["shortlist"]["not a perovskite (bartel2019)"] == 27
    hashes = found.document["data_hashes"]
    assert hashes["raw_data/All_perovskite_5329.xlsx"].startswith("641488d0")
    # 98 of 224 known perovskites, 27 of 93 known others: the funnel beside its alternatives
    worth = pd.read_csv(found.folder / "worth.csv").set_index(["question", "criterion"])
    known = worth.loc["perovskite by experiment (bartel2019)"]
    assert known.loc["funnel", ["compounds", "yes", "chosen", "hits"]].tolist() == [
        *(317, 224, 125, 98)
    ]
    assert known.loc["funnel", "recall"] == pytest.approx(98 / 224)
    assert set(known.index) >= {"t_mu_window", "tau_published", "hull_distance"}
    sentence = found.document["worth"]["sentence"]
    assert "rank by tau_published" in sentence
    assert sentence.split(" rank by")[0] in " ".join(done.stdout.split())
    # the same command again has nothing to do
    before = (found.folder / "screen.json").stat().st_mtime_ns
    again = inside(*PAPER, cwd=project)
    assert "done before" in again.stderr
    assert (found.folder / "screen.json").stat().st_mtime_ns == before
    assert again.stdout.splitlines()[:9] == done.stdout.splitlines()[:9]
    assert "Does the criterion work?" in again.stdout


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_copy_without_50_rows_counts_as_pandas_does(project, released, inside, ending):
    chosen = np.random.default_rng(7).permutation(len(released.table))[50:]
    copy = released.table.iloc[np.sort(chosen)]
    path = project / f"copy.{ending}"
    copy.to_csv(path, index=False) if ending == "csv" else copy.to_excel(path, index=False)
    words = ("provenance.tables=[]", "provenance.experiments=[]", "further={}")
    done = inside(*PAPER, f"space.path={path}", *words, cwd=project)
    assert done.returncode == 0, done.stderr
    expected = counts(copy, released.radii)
    assert funnel_of(result(project).document) == expected
    assert expected[0] == 5279


def test_one_changed_radius_counts_as_pandas_does(project, released, inside):
    radii = released.radii.copy()
    radii.loc[radii["element"] == "Ti", radii.columns[1]] += 0.15
    path = project / "radii.csv"
    radii.to_csv(path, index=False)
    words = ("provenance.tables=[]", "provenance.experiments=[]", "~further.stable")
    done = inside(*PAPER, f"radii={path}", *words, cwd=project)
    assert done.returncode == 0, done.stderr
    document = result(project).document
    expected = counts(released.table, radii)
    assert funnel_of(document) == expected
    assert expected != counts(released.table, released.radii)
    assert str(path) in document["data_hashes"]


SMALL = ("screen", "space=list", "provenance.tables=[]", "provenance.experiments=[]", "model=null")


@pytest.fixture
def own(project):
    """Return a project with a small list, `mine.csv`, and the words that screen it."""
    rows = ["SrTiO3,-3.5", "BaTiO3,-3.4", "LaAlO3,-3.6", "CsBO3,-1.6", "LaGeO3,-2.0", "KNaO3,-0.2"]
    (project / "mine.csv").write_text("formula,E\n" + "\n".join(rows) + "\n")
    return project, (*SMALL, "space.path=mine.csv", "space.columns.energy=E")


def test_shannons_radii_write_their_assumption_into_the_row(own, inside):
    project, words = own
    criteria = "criteria=[charge_balance,tau,formation_energy]"
    more = (criteria, "radii=shannon", "missing_radius=mark", "criteria.tau.below=4.5")
    done = inside(*words, *more, cwd=project)
    assert done.returncode == 0, done.stderr
    rows = result(project).candidates.set_index("formula")
    assert rows.loc["SrTiO3", "radii"] == "Sr2+ XII 1.44; Ti4+ VI 0.605; O2- VI 1.4"
    assert rows.loc["LaGeO3", "radii_problem"] == "Shannon has no radius for Ge3+"
    assert rows.loc["LaGeO3", "dropped_by"] == "tau"
    assert rows.loc["KNaO3", "dropped_by"] == "charge_balance"
    assert rows.loc["SrTiO3", "probability"] == pytest.approx(0.70, abs=0.01)


def test_another_order_of_criteria_is_another_screening(own, inside):
    project, words = own
    orders = (["goldschmidt", "formation_energy"], ["formation_energy", "goldschmidt"])
    for order in orders:
        done = inside(*words, f"criteria=[{','.join(order)}]", cwd=project)
        assert done.returncode == 0, done.stderr
        assert "done before" not in done.stderr
        first = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
        assert [each for each in first if each in order] == order
    folders = list((project / "outputs" / "screen").iterdir())
    assert len(folders) == 2
    documents = [json.loads((each / "screen.json").read_text()) for each in folders]
    assert len({document["counts"]["shortlist"] for document in documents}) == 1


def test_what_is_expected_is_of_those_that_pass(own, inside):
    project, words = own
    words = ("criteria=[tau,formation_energy]", "radii=shannon", "missing_radius=mark")
    done = inside(*own[1], *words, cwd=project)
    assert done.returncode == 0, done.stderr
    found = result(project)
    expected = found.document["counts"]["expected"]
    assert expected == pytest.approx(found.shortlist["probability"].sum())
    assert f"{len(found.shortlist)} pass; {expected:.0f} of them are expected" in done.stdout


def test_known_compounds_carry_their_reference(own, inside):
    project, words = own
    (project / "known.csv").write_text("formula,reference\nBaTiO3,a textbook\nScLaO3,b\n")
    done = inside(*words, "known=known.csv", cwd=project)
    assert done.returncode == 0, done.stderr
    rows = result(project).candidates.set_index("formula")
    assert rows.loc["BaTiO3", "known_reference"] == "a textbook"
    assert rows.loc["SrTiO3", "provenance"] == "not found"
    assert "known.csv: 1 of 2 compounds are candidates here" in done.stdout


def test_a_screening_is_a_run_with_its_files(own, inside):
    from cetransfer.settings import TrackingSettings
    from cetransfer.tracking.records import KIND, open_records

    project, words = own
    assert inside(*words, cwd=project).returncode == 0
    records = open_records(TrackingSettings(None, "cetransfer"), project)
    (run,) = records.runs(records.tagged(KIND, "screen"))
    assert {"screen.json", "funnel.csv", "candidates.parquet", "shortlist.csv"} <= {
        path.name for path in run.artifacts.iterdir()
    }
    assert run.tagged("data.")["mine.csv"] == result(project).document["data_hashes"]["mine.csv"]


@pytest.mark.slow
def test_a_screening_is_made_again_bit_for_bit(own, tools):
    project, words = own
    assert tools.call(*words, cwd=project).returncode == 0
    (folder,) = (project / "outputs" / "screen").iterdir()
    printed = tools.call("reproduce", folder.name, cwd=project)
    assert "cetransfer screen space=list" in printed.stdout.splitlines()[-1]
    done = tools.call("reproduce", folder.name, "--run", cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("identical: all ")


def test_help_says_what_the_command_does(project, tools):
    done = tools.call("screen", "--help", cwd=project)
    assert done.stdout.startswith("cetransfer screen model=MODEL space=SPACE criteria=[")
    assert "criteria: charge_balance, formation_energy, goldschmidt, hull" in done.stdout


DEFAULT = Path(__file__).parents[2] / "models" / "default" / "model.json"


def test_a_list_with_energies_is_compared_with_a_model(own, inside):
    if not DEFAULT.is_file():
        pytest.skip("the default model is not here: run `dvc pull`")
    project, words = own
    words = (*(word for word in words if word != "model=null"), "model=default")
    done = inside(*words, cwd=project)
    assert done.returncode == 0, done.stderr
    found = result(project)
    compared = found.document["comparison"]
    model = json.loads(DEFAULT.read_text())["id"]
    assert found.document["model"]["id"] == model
    assert {*found.candidates["model"]} == {model}
    rows = pd.read_csv(found.folder / "comparison.csv")
    assert (rows["passes"] == "both").sum() == compared["counts"]["both"]
    assert len(rows) == sum(
        compared["counts"][name] for name in ("both", "only_first", "only_second")
    )
    assert found.candidates["model_lower"].lt(found.candidates["model_upper"]).all()
    assert found.candidates["lower"].isna().all()
    # the lineage of a table goes on to the model
    told = inside("lineage", str(found.folder / "shortlist.csv"), "format=json", cwd=project)
    assert told.returncode == 0, told.stderr
    nodes = {each["kind"]: each for each in json.loads(told.stdout)["nodes"]}
    assert {"prediction", "screen", "model", "data", "commit"} <= nodes.keys()
    assert nodes["model"]["model"] == model
    checked = inside("lineage", found.folder.name, "--verify", "format=json", cwd=project)
    (screened,) = (each for each in json.loads(checked.stdout)["nodes"] if each["kind"] == "screen")
    assert screened["state"] == "ok"


def test_coverage_on_held_out_elements_stands_beside_the_criteria(
    copy_of_first, mirror, inside, tmp_path
):
    assert mirror
    project = copy_of_first(tmp_path / "project")
    model = next((project / "outputs" / "compare").glob("*/models/fine_tune"))
    words = ("screen", f"model={model}", "criteria=[goldschmidt]", "provenance.tables=[]")
    done = inside(*words, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "fine_tune is trained 5 times, each time without a part of the elements" in done.stderr
    found = result(project)
    apart = found.document["worth"]["held_out_elements"]
    assert apart["model"] == found.document["model"]["id"]
    assert apart["compounds"] == sum(group["compounds"] for group in apart["groups"]) > 5000
    assert apart["low"] <= apart["coverage"] <= apart["high"]
    assert f"intervals hold on held-out elements: {apart['coverage']:.1%}" in done.stdout
    worth = pd.read_csv(found.folder / "worth.csv")
    energetic = worth["criterion"] == "formation_energy"
    assert worth[energetic]["held_out_coverage"].to_numpy() == pytest.approx(apart["coverage"])
    assert worth[~energetic]["held_out_coverage"].isna().all()
    reported = inside("report", str(found.folder), cwd=project)
    assert reported.returncode == 0, reported.stderr
    html = (project / "outputs" / "report" / found.folder.name / "report.html").read_text()
    assert f"intervals hold on held-out elements: {apart['coverage']:.1%}" in html
    # another screening with the same model has it already
    more = inside(*words, "criteria.goldschmidt.above=0.8", "output_dir=more", cwd=project)
    assert "is trained 5 times" not in more.stderr
    document = json.loads((project / "more" / "screen.json").read_text())
    assert document["worth"]["held_out_elements"] == apart
    # without what the model was trained on there is a line in its place
    shutil.rmtree(project / "outputs" / "held_out")
    (project / "data").unlink()
    for key, reason in (("true", "surrogate_spinel"), ("false", "held_out=false")):
        done = inside(*words, f"held_out={key}", f"output_dir=with_{key}", cwd=project)
        assert done.returncode == 0, done.stderr
        document = json.loads((project / f"with_{key}" / "screen.json").read_text())
        assert document["worth"]["held_out_elements"] is None
        (line,) = (each for each in document["worth"]["notes"] if "held-out" in each)
        assert reason in line
        assert line in done.stdout


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["radii=shannon", "criteria=[tau]"], "no radius for Ge3+"),
        (["radii=nothing.csv"], "cannot read nothing.csv"),
        (["radii=shanon"], "radii=shanon is unknown; did you mean shannon"),
        (["charge_rule=pymatgn"], "charge_rule=pymatgn is unknown"),
        (["missing_radius=skip"], "missing_radius=skip is unknown"),
        (["criteria.goldschmidt.above=1.3", "criteria.goldschmidt.at_most=1.4"], "would leave it"),
        (["criteria.formation_energy.below=-9"], "criteria.formation_energy.below=-3.4999"),
        (["criteria=[interval]"], "interval needs intervals of the energies, and those of a list"),
        (["criteria.hull.below=0.02"], "hull is not chosen; add it to criteria=[...]"),
        (["criteria.formation_energy.below=-2,5"], "give criteria.formation_energy.below=-2.5"),
        (["space.path=outputs"], "outputs is a folder; give a file within it"),
        (["criteria.goldschmidt.over=1"], "no key 'criteria.goldschmidt.over'"),
        (
            ["criteria=[goldschmit]"],
            "criteria has no option 'goldschmit'; did you mean goldschmidt",
        ),
        (["space.columns.energy=null", "model=null"], "needs energies; give model=default"),
        (["space.path=nothing.csv"], "there is no file nothing.csv"),
        (["model=no_such_model"], "there is no model 'no_such_model'"),
        (["space=abo3"], "space.path has no meaning for space=abo3"),
        (["experiment=quick"], "take an experiment that is made for it"),
        (["name=../mine"], "name: '../mine' is to name a file"),
        (["++further.funnel={criteria: {}, published: null, formula: f}"], "is another file"),
        (
            ["++further.more={criteria: {tau: {below: 4}}, published: null, formula: f}"],
            "further.more.criteria.tau is no criterion here",
        ),
        (["known=mine.csv"], "known=mine.csv has no column 'reference'"),
        (["provenance.tables=[emery]"], "did you mean emery2017"),
    ],
)
def test_what_cannot_be_screened_is_one_line(own, inside, more, message):
    project, words = own
    (project / "outputs").mkdir()
    done = inside(*words, *more, cwd=project)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sum(each.startswith("cetransfer: ") for each in done.stderr.splitlines()) == 1
    assert not list((project / "outputs").glob("screen/*"))
