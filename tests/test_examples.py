"""Every public function and class shows one example that runs: on typed-in data, or on two synthetic years."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.example.country import write_example
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.release.write import write_release
from tests.sources import scb_server
from tests.sources.conftest import CONFIG, country, outlines, small  # noqa: F401  (fixtures)

PACKAGES = ("regso_cluster", "regso_cluster.clustering", "regso_cluster.survey", "regso_cluster.segregation")
NAMES = [(package, name) for package in PACKAGES for name in importlib.import_module(package).__all__]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def is_shown(package, name):
    """Whether a public name is a function or class: a version is none."""
    return callable(getattr(importlib.import_module(package), name))


def example_of(package, name, names):
    """The example in the docstring of a public name."""
    text = getattr(importlib.import_module(package), name).__doc__ or ""
    return doctest.DocTestParser().get_doctest(text, names, f"{package}.{name}", None, None)


SHOWN = [pair for pair in NAMES if is_shown(*pair)]


@pytest.fixture(scope="module")
def two_years(tmp_path_factory):
    """A folder with the tables of 2023 and 2024 and their releases, with few draws."""
    folder = tmp_path_factory.mktemp("examples")
    write_example(folder, range(2023, 2025))
    method = load_method("utanforskap")
    method = replace(
        method, clusters=replace(method.clusters, resamples=2), certainty=replace(method.certainty, draws=20)
    )
    for year in (2023, 2024):
        table = read_factors(folder / f"factors-{year}.csv", method, year=year)
        write_release(classify(table, method, year=year), folder / str(year))
    return folder


@pytest.fixture
def services(small, outlines, monkeypatch):  # noqa: F811
    """Addresses of a PxWebApi 2 and a WFS on this machine that answer with made-up tables and the shipped outlines."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    replay = scb_server.Replay(config=dict(CONFIG), tables={"TAB6574": small}, layers={"RegSO_2025": outlines})
    server = scb_server.start(replay)
    yield {"pxweb": replay.address, "wfs": replay.address.replace("/api/v2", "/wfs")}
    scb_server.stop(server)


def test_there_are_names_of_all_packages():
    assert {package for package, _ in SHOWN} == set(PACKAGES)
    assert ("regso_cluster", "compare") in SHOWN


@pytest.mark.parametrize(("package", "name"), SHOWN, ids=lambda value: value.removeprefix("regso_cluster."))
def test_every_public_name_has_an_example_that_is_not_skipped(package, name):
    examples = example_of(package, name, {}).examples
    assert examples, f"{package}.{name} has no example"
    assert not [one.source for one in examples if one.options.get(doctest.SKIP)]
    assert any(one.want for one in examples), f"the example of {package}.{name} shows no result"
    assert any(name in one.source for one in examples), f"the example of {package}.{name} does not use it"


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of dask
@pytest.mark.parametrize(("package", "name"), SHOWN, ids=lambda value: value.removeprefix("regso_cluster."))
def test_examples_run(package, name, two_years, request):
    home = importlib.import_module(package)
    top = importlib.import_module("regso_cluster")
    names = {one: getattr(module, one) for module in (top, home) for one in module.__all__}
    names |= {"np": np, "pd": pd, "folder": two_years, "__name__": "examples"}
    if name.startswith(("fetch", "Fetch")):
        names |= request.getfixturevalue("services")
    if name == "count":
        pytest.importorskip("dask.dataframe", reason="needs regso-cluster[dask]")
    said = io.StringIO()
    with mpl.rc_context({"backend": "agg"}), contextlib.redirect_stdout(io.StringIO()):
        found = doctest.DocTestRunner(optionflags=FLAGS).run(example_of(package, name, names), out=said.write)
    assert found.attempted
    assert not found.failed, said.getvalue()


def test_the_page_of_the_python_interface_runs_from_top_to_bottom(root, tmp_path, monkeypatch):
    page = (root / "docs" / "python.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7
    top = importlib.import_module("regso_cluster")
    few = load_method("utanforskap")
    few = replace(few, clusters=replace(few.clusters, resamples=2), certainty=replace(few.certainty, draws=20))
    monkeypatch.setitem(top.__dict__, "load_method", lambda _: few)  # the page has the method's own numbers of draws
    names = {"folder": tmp_path}
    with mpl.rc_context({"backend": "agg"}):
        for number, block in enumerate(blocks, start=1):
            exec(compile(block, f"block {number} of python.md", "exec"), names)  # noqa: S102 - our own text
    assert names["joined"].report.unmatched == 0
    assert names["changes"].summary["synthetic"]
    assert names["fault"].got or names["fault"].where
    assert {"areas.xlsx", "areas.html", "groups.svg", "by-kommun-audit.csv", "limits-of-2024.toml"} <= {
        path.name for path in tmp_path.iterdir()
    }
    named = set(re.findall(r"\brc\.(\w+)", page)) | set(re.findall(r"`(\w+)`", page))
    for name in ("join_file", "summarise_file", "sensitivity", "fetch_shapes", "count", "classify_series"):
        assert name in named
        assert name in dir(top)
