from __future__ import annotations

import dataclasses
import json

import pytest
from click.testing import CliRunner

from regso_cluster.areas.edition_table import edition_years
from regso_cluster.areas.editions import code_set
from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import builtin_methods, load_method
from regso_cluster.sources.catalogue import columns_of, fetch_method, load_sources
from regso_cluster.sources.tables import open_service, write_fetched
from tests.sources.conftest import QUICK


def test_every_column_of_every_built_in_method_has_one_source():
    sources, elsewhere = load_sources()
    named = [(one.method, one.column) for one in sources]
    assert len(named) == len(set(named))
    wanted = {
        (name, column)
        for name in builtin_methods()
        if name not in elsewhere
        for column in columns_of(load_method(name))
    }
    assert set(named) == wanted
    assert set(elsewhere) == {name for name in builtin_methods() if load_method(name).table.areas != "regso"}


def test_what_is_not_open_says_why():
    for one in load_sources()[0]:
        assert one.form in ("open", "order", "other")
        if one.form == "open":
            assert one.contents, one.column
            assert set(one.editions) <= set(edition_years()), one.column
            assert one.table or one.matrix, one.column
            assert len(one.contents) == (2 if one.per_cent else 1), one.column
        else:
            assert one.reason, one.column
    forms = {one.column: one.form for one in load_sources()[0] if one.method == "utanforskap"}
    assert {column.rpartition("_")[0] for column, form in forms.items() if form == "order"} == {
        "kriminalitet",
        "trangboddhet",
    }


@pytest.mark.parametrize(("year", "edition"), [(2023, 2020), (2024, 2025)])
def test_a_method_that_is_all_open(year, edition, serve, country, tmp_path):
    replay = serve(tables=country)
    method = load_method("socioekonomiskt-index")
    fetched = fetch_method(method, year, open_service(replay.address, QUICK), tmp_path / "c")
    assert len(replay.bodies) == 1  # three columns of one table in one call
    assert fetched.origin["missing"] == []
    out = write_fetched(fetched, tmp_path / f"t-{year}.csv")
    table = read_factors(out, method, year=year)
    assert table.edition == edition
    assert tuple(table.areas.index) == code_set(edition)
    # rows number 0 to 3362 of the made-up table are of 2020, those after of 2025; every fiftieth cell is ".."
    start = 0 if edition == 2020 else 3363
    hidden = [place for place in range(start, start + 3363) if place % 50 == 0]
    column = columns_of(method)[1]
    assert (table.status[column] == "suppressed").sum() == len(hidden)
    assert table.value.iloc[1][columns_of(method)[0]] == (start + 1) % 300 / 10
    assert classify(table, method, year=year).areas["index"].notna().sum() == 3363 - len(hidden)


def test_what_is_missing_stays_empty_and_is_named(serve, country, tmp_path, monkeypatch):
    replay = serve(tables=country)
    monkeypatch.setenv("REGSO_SCB_URL", replay.address)
    monkeypatch.setenv("REGSO_CACHE", str(tmp_path / "c"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["fetch", "method", "--method", "utanforskap", "--year", "2024", "--out", "t.csv"])
    assert done.exit_code == 0, done.output
    told = [line for line in done.stderr.splitlines() if line.startswith("missing: ")]
    assert len(told) == 10
    assert any("kriminalitet_n. Crime: SCB has no open table" in line for line in told)
    table = read_factors(tmp_path / "t.csv", load_method("utanforskap"), year=2024)
    observed = table.status.apply(lambda column: (column == "observed").sum())
    assert observed["arbetsmarknadsetablering"] == 3363
    assert observed.sum() == 3363
    # the first area of edition 2025 is row 3363: 3363 + 500 residents, 3363 + 100 of 3363 + 400 employed
    assert table.areas["population"].iloc[0] == 3863
    assert table.value["arbetsmarknadsetablering"].iloc[0] == pytest.approx(100 * 3463 / 3763)
    checked = CliRunner().invoke(main, ["check", "t.csv", "--method", "utanforskap", "--year", "2024", "--json"])
    faults = json.loads(checked.stdout)["faults"]  # `classify` would refuse it: most factors have no open table
    assert {fault["what"] for fault in faults} == {"fewer than two observed areas: no limit"}
    assert json.loads((tmp_path / "t.csv.source.json").read_bytes())["missing"][0]["column"] == "kriminalitet_n"


def test_a_rate_of_two_counts(serve, country, tmp_path):
    method = load_method("utanforskapets-karta-2004")
    fetched = fetch_method(method, 2023, open_service(serve(tables=country).address, QUICK), tmp_path)
    assert float(fetched.frame["sysselsattning"].iloc[0]) == pytest.approx(100 * 100 / 400)
    reasons = {one["column"]: one["reason"] for one in fetched.origin["missing"]}
    assert "--table IntGr11RegSO1=TABnnnn" in reasons["kommunalt_valdeltagande"]
    assert "another measure" in reasons["fullstandiga_betyg"]


def test_a_table_known_by_its_older_name_and_the_latest_election(serve, country, tmp_path):
    """Turnout of 2022 serves 2023, which is of the same edition; for 2024 the edition is another."""
    turnout = dataclasses.replace(country["TAB6680"])
    dimensions = {
        key: codes for key, codes in turnout.dimensions.items() if key not in ("Alder", "ContentsCode", "Tid")
    }
    turnout.dimensions = dimensions | {
        "Bakgrund": {"tot": "samtliga"}, "ContentsCode": {"0000VVVV": "Valdeltagande i val till kommun, procent"},
        "Tid": {"2018": "2018", "2022": "2022"},
    }  # fmt: skip
    turnout.cells = turnout.cells[:, :, :1, :1, :2]
    replay = serve(tables=country | {"TAB99": turnout})
    method = load_method("utanforskapets-karta-2004")
    service = open_service(replay.address, QUICK)
    numbers = {"IntGr11RegSO1": "TAB99"}
    fetched = fetch_method(method, 2023, service, tmp_path, numbers=numbers)
    asked = [one["valueCodes"] for body in replay.bodies for one in body["selection"] if one["variableCode"] == "Tid"]
    assert sorted(asked) == [["2022"], ["2023"]]
    assert fetched.frame["kommunalt_valdeltagande"].iloc[0] == "100"
    of_the_election = fetch_method(method, 2022, service, tmp_path, numbers=numbers)
    assert of_the_election.origin["missing"] == fetched.origin["missing"]
    assert len(fetched.origin["missing"]) == 1
    asked = [one["valueCodes"] for body in replay.bodies for one in body["selection"] if one["variableCode"] == "Tid"]
    assert ["2018"] not in asked  # the election of the year itself is the latest
    later = fetch_method(method, 2024, service, tmp_path, numbers=numbers)
    assert "crosswalk" in {one["column"]: one["reason"] for one in later.origin["missing"]}["kommunalt_valdeltagande"]


def test_methods_that_scb_does_not_serve(serve, country, tmp_path):
    service = open_service(serve(tables=country).address, QUICK)
    with pytest.raises(InputError, match="CDC/ATSDR"):
        fetch_method(load_method("svi-2022"), 2022, service, tmp_path)


def test_a_measure_that_was_renamed_is_an_error_that_lists_what_there_is(serve, country, tmp_path):
    changed = dict(country)
    old = country["TAB6586"]
    dimensions = old.dimensions | {"ContentsCode": {code: code for code in old.dimensions["ContentsCode"]}}
    changed["TAB6586"] = dataclasses.replace(old, dimensions=dimensions)
    with pytest.raises(InputError, match="no measure of that name") as refused:
        fetch_method(
            load_method("socioekonomiskt-index"), 2024, open_service(serve(tables=changed).address, QUICK), tmp_path
        )
    assert len(refused.value.faults) == 3
    assert "000008IT" in str(refused.value)
