"""What the command line can do, Python does with one call, and both write the same bytes."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

import regso_cluster as rc
from regso_cluster.cli import main
from regso_cluster.commands import COMMANDS
from regso_cluster.errors import InputError
from regso_cluster.release.model import Release
from tests.tables import METHOD, rows, write

# command or subcommand: the function that does the same, and the door or module that shows it
CALLS = {
    "example": "regso_cluster.write_example",
    "fetch table": "regso_cluster.fetch_table",
    "fetch method": "regso_cluster.fetch_method",
    "fetch shapes": "regso_cluster.fetch_shapes",
    "check": "regso_cluster.check",
    "count": "regso_cluster.count",
    "classify": "regso_cluster.classify_file",
    "classify --all-years": "regso_cluster.classify_series",
    "freeze": "regso_cluster.freeze",
    "compare": "regso_cluster.compare",
    "stability": "regso_cluster.stability",
    "sensitivity": "regso_cluster.sensitivity",
    "verify": "regso_cluster.verify_release",
    "verify --recompute": "regso_cluster.recompute_release",
    "export": "regso_cluster.export",
    "export --to postgresql": "regso_cluster.exports.postgis.write_postgis",
    "join": "regso_cluster.join_file",
    "summarise": "regso_cluster.summarise_file",
    "protect": "regso_cluster.protect_file",
    "publish": "regso_cluster.publishing.write.publish",
    "publish --attack": "regso_cluster.intruder.attack.attack",
    "page": "regso_cluster.write_page",
    "figure": "regso_cluster.figure",
    "methods": "regso_cluster.builtin_methods",
    "bench": "regso_cluster.clustering.bench.run_short",
}


def test_every_command_has_a_function():
    assert {name.split()[0] for name in CALLS} == set(COMMANDS)
    for name in CALLS.values():
        module, function = name.rsplit(".", 1)
        assert callable(getattr(importlib.import_module(module), function)), name


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A table, its method, two releases, and a table of an agency."""
    folder = tmp_path_factory.mktemp("parity")
    (folder / "m.toml").write_text(METHOD, "utf-8")
    given = rows()
    write(given, folder / "t2023.csv")
    write(given, folder / "t2024.csv")
    method = rc.load_method(folder / "m.toml")
    first = rc.classify_file(folder / "t2023.csv", method, folder / "2023", year=2023)
    rc.classify_file(folder / "t2024.csv", method, folder / "2024", year=2024, previous=first)
    codes = rc.read_release(folder / "2024").areas.index[:60]
    own = pd.DataFrame({"regso": codes, "pupils": range(100, 160), "passed": range(40, 100)})
    own.to_csv(folder / "own.csv", index=False)
    return folder


@pytest.fixture
def run(files, monkeypatch):
    monkeypatch.chdir(files)

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def contents(path):
    """Every file of a folder, or the one file, by name; of a manifest only what names outputs."""
    found = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    plain = {str(one.relative_to(path)): one.read_bytes() for one in found if one.name != "manifest.json"}
    assert plain
    return plain


def test_classify_writes_the_same_release(files, run):
    run("classify", "t2024.csv", "--method", "m.toml", "--year", 2024, "--previous", "2023", "--out", "again",
        "--threads", 1)  # fmt: skip
    assert contents(files / "again") == contents(files / "2024")
    made, written = (rc.read_release(files / name) for name in ("2024", "again"))
    assert isinstance(made, Release)
    assert made.manifest["outputs"] == written.manifest["outputs"]
    assert made.manifest["seconds"].keys() < written.manifest["seconds"].keys()  # a command loads modules, too


def test_check_names_the_same_cells(files, run):
    run("check", "t2024.csv", "--method", "m.toml", "--year", 2024, "--write-accept", "a.csv")
    method = rc.load_method("m.toml")
    rc.check(rc.read_factors("t2024.csv", method, year=2024), method, year=2024, write_accept="b.csv")
    assert (files / "a.csv").read_bytes() == (files / "b.csv").read_bytes()


def test_compare_and_freeze_write_the_same(files, run):
    run("compare", "2023", "2024", "--out", "changes")
    old, new = rc.read_release("2023"), rc.read_release("2024")
    assert contents(rc.write_comparison(rc.compare(old, new), "changes-python")) == contents(files / "changes")
    run("freeze", "2024", "--out", "frozen.toml")
    assert (
        contents(rc.write_method(rc.freeze(new), "frozen-python.toml")).popitem()[1]
        == (files / "frozen.toml").read_bytes()
    )


def test_join_writes_the_same(files, run):
    run("join", "own.csv", "--release", "2024", "--on", "regso", "--columns", "composite_group", "--prefix", "g_",
        "--out", "j.csv", "--report", "r.csv")  # fmt: skip
    options = rc.JoinOptions(prefix="g_", columns=("composite_group",))
    done = rc.join_file("own.csv", rc.read_release("2024"), "regso", "k.csv", options=options, report="q.csv")
    assert not done.refused
    for one, other in (("j.csv", "k.csv"), ("r.csv", "q.csv")):
        assert (files / one).read_bytes() == (files / other).read_bytes()


def test_summarise_and_protect_write_the_same(files, run):
    run("summarise", "own.csv", "--release", "2024", "--by", "composite_group", "--value", "passed", "--of", "pupils",
        "--min-count", 11, "--out", "s.csv")  # fmt: skip
    publish = rc.PublishOptions(rule=rc.DisclosureRule(min_units=11))
    done = rc.summarise_file(
        "own.csv", ["composite_group"], "passed", release=rc.read_release("2024"),
        options=rc.SummariseOptions(of="pupils"), publish=replace(publish, out=files / "z.csv"),
    )  # fmt: skip
    assert [path.name for path in done.written] == ["z.csv", "z-audit.csv"]
    for one, other in (("s.csv", "z.csv"), ("s-audit.csv", "z-audit.csv")):
        assert (files / one).read_bytes() == (files / other).read_bytes()
    run("protect", "own.csv", "--path", "lan,kommun", "--value", "passed", "--of", "pupils", "--min-count", 11,
        "--out", "p.csv")  # fmt: skip
    rc.protect_file("own.csv", [["lan", "kommun"]], value="passed", of="pupils",
                    publish=replace(publish, out=files / "o.csv"))  # fmt: skip
    for one, other in (("p.csv", "o.csv"), ("p-audit.csv", "o-audit.csv")):
        assert (files / one).read_bytes() == (files / other).read_bytes()


def test_export_figure_and_page_write_the_same(files, run):
    old, new = rc.read_release("2023"), rc.read_release("2024")
    run("export", "2024", "--to", "e.csv")
    rc.export(new, "f.csv")
    run("figure", "profile", "2024", "--out", "profile.svg", "--language", "en")
    rc.write_figure(rc.figure("profile", new, language="en"), "profile-python.svg")
    run("page", "2023", "2024", "--out", "page.html")
    rc.write_page([new, old], "page-python.html")
    for one, other in (("e.csv", "f.csv"), ("profile.svg", "profile-python.svg"), ("page.html", "page-python.html")):
        assert (files / one).read_bytes() == (files / other).read_bytes()


def test_python_names_its_arguments_and_the_command_line_its_options(files, run):
    with pytest.raises(InputError, match="choose another out, or remove the folder yourself") as refused:
        rc.classify_file("t2024.csv", rc.load_method("m.toml"), files / "2024", year=2024)
    said = run("classify", "t2024.csv", "--method", "m.toml", "--year", 2024, "--out", "2024", code=1).stderr
    assert "the release folder exists" in said
    assert "choose another --out, or remove the folder yourself" in said
    assert refused.value.faults[0].what == "the release folder exists"
    with pytest.raises(InputError, match="Give the release of an earlier year as previous"):
        rc.classify_file("t2023.csv", rc.load_method("m.toml"), "x", year=2023, previous=rc.read_release("2024"))
    with pytest.raises(InputError, match="are its weight: leave weight out"):
        rc.summarise(pd.read_csv("own.csv"), "regso", "passed", of="pupils", weight="pupils")
