from __future__ import annotations

import hashlib
import json

import pytest
from click.testing import CliRunner

from regso_cluster.classification.classify import classify
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.factors.origin import origin_file
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.release.model import read_release
from regso_cluster.release.write import write_release
from regso_cluster.sources.selection import Question
from regso_cluster.sources.tables import fetch_table, open_service, write_fetched
from tests.sources.conftest import QUICK, snapshot
from tests.sources.scb_server import Fault

METHOD = """
name = "recorded"
title = {{ sv = "s", en = "e" }}
description = {{ sv = "", en = "" }}
[table]
code = "{code}"
areas = "{areas}"
coverage = "partial"
{population}
[[factors]]
key = "measured"
name = {{ sv = "m", en = "m" }}
value = "{value}"
unit = "score"
worse = "high"
[index]
scale = {{ kind = "percent_rank" }}
"""


def method_for(folder, value, code="regso", areas="regso", population=""):
    path = folder / f"{value.replace(' ', '_')}.toml"
    path.write_text(METHOD.format(code=code, areas=areas, value=value, population=population), "utf-8")
    return load_method(path)


def test_the_recorded_population_is_fetched_in_parts_and_accepted(serve, recorded, shared, tmp_path):
    replay = serve(tables=recorded)
    replay.config["maxDataCells"] = 4000
    service = open_service(replay.address, QUICK)
    fetched = fetch_table(Question("TAB6574", 2024, select={"Alder": ("*",), "Kon": ("*",)}), service, tmp_path / "c")
    # 18 ages x 3 sexes = 54 cells an area; 4000 // 54 = 74 areas a call; 483 areas take 7 calls
    assert replay.cells_asked() == [74 * 54] * 6 + [39 * 54]
    assert all(len({one["variableCode"] for one in body["selection"]}) == 5 for body in replay.bodies)
    out = write_fetched(fetched, tmp_path / "people-2024.csv")
    method = method_for(tmp_path, "000007Y7 20-24 2", population='population = "000007Y7 totalt 1+2"')
    table = read_factors(out, method, year=2024)
    assert table.edition == 2025
    assert int(table.areas["population"].notna().sum()) == 483
    read = json.loads((shared / "data/pxweb/v1_regso2025_population_age_sex_2024_malmo.json").read_bytes())
    told = {tuple(row["key"]): row["values"][0] for row in read["data"]}
    for code in ("1280R001", "1280R091"):
        assert table.areas.loc[code, "population"] == float(told[f"{code}_RegSO2025", "totalt", "1+2", "2024"])
        assert table.value.loc[code, "measured"] == float(told[f"{code}_RegSO2025", "20-24", "2", "2024"])


def test_the_other_recorded_answers_are_accepted(serve, recorded, tmp_path):
    service = open_service(serve(tables=recorded).address, QUICK)
    income = fetch_table(Question("TAB6683", 2024, ("000008A4",)), service, tmp_path / "c")
    out = write_fetched(income, tmp_path / "income.csv")
    assert read_factors(out, method_for(tmp_path, "000008A4"), year=2024).value["measured"].notna().sum() == 23
    question = Question("TAB6471", 2026, select={"Alder": ("0-9",), "Tid": ("2026M04",)}, areas="lan")
    months = fetch_table(question, service, tmp_path / "c")
    assert months.origin["edition"] is None
    assert "CKM" in " ".join(months.origin["sources"][0]["notes"])
    out = write_fetched(months, tmp_path / "months.csv")
    table = read_factors(out, method_for(tmp_path, "000007SF", "area", "own"))
    assert len(table.areas) == 21
    assert table.value.loc["01", "measured"] == 251635  # the last of the first four recorded cells


def test_suffixes_marks_and_editions(serve, small, tmp_path):
    service = open_service(serve(tables={"TAB1": small}).address, QUICK)
    now = fetch_table(Question("TAB1", 2024, select={"Kon": ("TotSa",)}), service, tmp_path)
    assert list(now.frame.columns) == ["regso", "year", "0000AAAA", "0000BBBB"]
    # areas 4 to 7 of the table: 100 * area + 1, and the share area + 0 / 2, but for the mark
    assert now.frame.to_numpy().tolist() == [
        ["0114R001", "2024", "401", ".."], ["0114R002", "2024", "501", "5.0"],
        ["0180R001", "2024", "601", "6.0"], ["2523R011", "2024", "701", "7.0"],
    ]  # fmt: skip
    assert now.origin["edition"] == 2025
    source = now.origin["sources"][0]
    assert source["suffix"] == "_RegSO2025"
    assert source["updated"] == small.updated
    assert source["notes"] == ["Skyddat med CKM."]
    assert source["licence"] == "CC0"
    before = fetch_table(Question("TAB1", 2023, ("0000AAAA",)), service, tmp_path)
    assert before.origin["sources"][0]["suffix"] == ""
    assert before.frame["0000AAAA"].tolist() == ["0", "100", "200", "300"]  # an observed 0 stays 0
    assert any("Kon" in note and "total" in note for note in before.notes)


def test_suppressed_and_missing_reach_the_checked_table(serve, small, tmp_path):
    service = open_service(serve(tables={"TAB1": small}).address, QUICK)
    fetched = fetch_table(Question("TAB1", 2024, select={"Kon": ("TotSa",)}), service, tmp_path)
    table = read_factors(write_fetched(fetched, tmp_path / "t.csv"), method_for(tmp_path, "0000BBBB"), year=2024)
    assert table.status.loc["0114R001", "measured"] == "suppressed"
    assert table.status.loc["0114R003", "measured"] == "missing"
    assert table.value.loc["0114R002", "measured"] == 5


def test_an_edition_without_figures_of_the_year_is_refused_before_the_data(serve, small, tmp_path):
    replay = serve(tables={"TAB1": small})
    with pytest.raises(InputError, match="crosswalk") as refused:
        fetch_table(Question("TAB1", 2024, edition=2020), open_service(replay.address, QUICK), tmp_path)
    assert "edition 2020, whose cells of 2024 are 0 or empty" in str(refused.value)
    assert not replay.bodies


def test_every_fault_of_a_question_at_once(serve, small, tmp_path):
    service = open_service(serve(tables={"TAB1": small}).address, QUICK)
    question = Question(
        "TAB1", 2030, ("0000CCCC", "~finns inte", "~a"), {"Kon": ("9",), "Alder": ("1",)}, within=("0115",)
    )
    with pytest.raises(InputError) as refused:
        fetch_table(question, service, tmp_path)
    told = [fault.what for fault in refused.value.faults]
    assert sorted(told) == sorted([
        "no variable to select by", "no such code", "no such code", "no measure of that name",
        "two measures of that name", "the table has no such year", "no such area in the table",
    ])  # fmt: skip
    assert "TotSa (totalt), 1 (män), 2 (kvinnor)." in str(refused.value)
    with pytest.raises(InputError, match="no areas of kind deso"):
        fetch_table(Question("TAB1", 2024, areas="deso"), service, tmp_path)
    with pytest.raises(InputError, match="no number of a table"):
        fetch_table(Question("../TAB1", 2024), service, tmp_path)


def test_a_variable_without_total_needs_a_choice(serve, small, tmp_path):
    from dataclasses import replace

    service = open_service(serve(tables={"TAB1": replace(small, eliminable=())}).address, QUICK)
    with pytest.raises(InputError, match="needs a choice") as refused:
        fetch_table(Question("TAB1", 2024), service, tmp_path)
    assert "select Kon=CODE" in str(refused.value)


def test_one_area_too_large_for_a_call(serve, small, tmp_path):
    replay = serve(tables={"TAB1": small})
    replay.config["maxDataCells"] = 5  # 3 sexes x 2 measures = 6
    with pytest.raises(InputError, match="Select fewer codes"):
        fetch_table(Question("TAB1", 2024, select={"Kon": ("*",)}), open_service(replay.address, QUICK), tmp_path)
    replay.config["maxDataCells"] = 6
    fetch_table(Question("TAB1", 2024, select={"Kon": ("*",)}), open_service(replay.address, QUICK), tmp_path)
    assert replay.cells_asked() == [6] * 4


def test_kommuner_and_kinds_of_areas(serve, small, tmp_path):
    service = open_service(serve(tables={"TAB1": small}).address, QUICK)
    some = fetch_table(Question("TAB1", 2024, within=("0114", "25")), service, tmp_path)
    assert some.frame["regso"].tolist() == ["0114R001", "0114R002", "2523R011"]
    kommuner = fetch_table(Question("TAB1", 2024, areas="kommun"), service, tmp_path)
    assert kommuner.frame["area"].tolist() == ["0114"]
    assert kommuner.origin["edition"] is None


def test_a_second_fetch_is_of_the_cache_until_the_table_is_updated(serve, small, tmp_path):
    from dataclasses import replace

    replay = serve(tables={"TAB1": small})
    service = open_service(replay.address, QUICK)
    question = Question("TAB1", 2024, select={"Kon": ("TotSa",)})
    first = fetch_table(question, service, tmp_path)
    again = fetch_table(question, service, tmp_path)
    assert len(replay.bodies) == 1
    assert again.frame.equals(first.frame)
    assert again.origin == first.origin
    assert any("cache" in note for note in again.notes)
    fetch_table(question, service, tmp_path, refresh=True)
    assert len(replay.bodies) == 2
    replay.tables["TAB1"] = replace(small, updated="2026-07-01T06:00:00Z")
    newer = fetch_table(question, service, tmp_path)
    assert len(replay.bodies) == 3
    assert newer.origin["sources"][0]["updated"] == "2026-07-01T06:00:00Z"
    assert len(list((tmp_path / "tables").iterdir())) == 2  # the older answer stays


def test_a_damaged_cache_is_fetched_anew(serve, small, tmp_path):
    replay = serve(tables={"TAB1": small})
    service = open_service(replay.address, QUICK)
    question = Question("TAB1", 2024, select={"Kon": ("TotSa",)})
    fetch_table(question, service, tmp_path)
    part = next((tmp_path / "tables").rglob("part-000.json"))
    whole = part.read_bytes()
    part.write_bytes(whole.replace(b"401", b"999"))
    assert fetch_table(question, service, tmp_path).frame.loc[0, "0000AAAA"] == "401"
    assert len(replay.bodies) == 2
    assert part.read_bytes() == whole
    next((tmp_path / "tables").rglob("source.json")).write_text("{")
    fetch_table(question, service, tmp_path)
    assert len(replay.bodies) == 3


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(serve, small, tmp_path):
    replay = serve(tables={"TAB1": small})
    replay.config["maxDataCells"] = 2  # an area a call
    service = open_service(replay.address, QUICK)
    question = Question("TAB1", 2024, select={"Kon": ("TotSa",)})
    replay.faults.append(Fault(lambda handler: handler.send(403, "{}"), after=2))
    with pytest.raises(InputError):
        fetch_table(question, service, tmp_path)
    assert snapshot(tmp_path) == {}
    assert len(list((tmp_path / "unfinished").rglob("part-00?.json"))) == 2
    # a part that was harmed meanwhile is asked for again
    harmed = next((tmp_path / "unfinished").rglob("part-000.json"))
    harmed.write_bytes(harmed.read_bytes()[:-10])
    replay.faults.clear()
    replay.bodies.clear()
    assert fetch_table(question, service, tmp_path).frame["0000AAAA"].tolist() == ["401", "501", "601", "701"]
    asked = [
        one["valueCodes"] for body in replay.bodies for one in body["selection"] if one["variableCode"] == "Region"
    ]
    assert asked == [["0114R001_RegSO2025"], ["0180R001_RegSO2025"], ["2523R011_RegSO2025"]]
    assert not list((tmp_path / "unfinished").iterdir())


def test_repeated_values_are_what_the_service_drops(serve, small):
    """The replaying server has the trap that the client goes round: only the last of repeated valueCodes counts."""
    from regso_cluster.sources.client import Client

    client = Client(serve(tables={"TAB1": small}).address, QUICK)
    common = "valueCodes[Kon]=TotSa&valueCodes[ContentsCode]=0000AAAA&valueCodes[Tid]=2024"
    repeated = client.ask(f"/tables/TAB1/data?{common}&valueCodes[Region]=0114R001&valueCodes[Region]=0114R002")
    joined = client.ask(f"/tables/TAB1/data?{common}&valueCodes[Region]=0114R001,0114R002")
    assert json.loads(repeated.content)["size"][0] == 1
    assert json.loads(joined.content)["size"][0] == 2


def test_sources_stand_beside_the_table_and_reach_the_release(serve, country, tmp_path):
    replay = serve(tables=country)
    service = open_service(replay.address, QUICK)
    fetched = fetch_table(Question("TAB6586", 2024, ("~ekonomisk standard",)), service, tmp_path / "c")
    out = write_fetched(fetched, tmp_path / "t-2024.csv")
    said = json.loads(origin_file(out).read_bytes())
    assert said["table_sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    method = method_for(tmp_path, "0000TST1")
    table = read_factors(out, method, year=2024)
    assert table.edition == 2025
    assert any("fetched" in note and "TAB6586" in note for note in table.notes)
    write_release(classify(table, method, year=2024), tmp_path / "r")
    release = read_release(tmp_path / "r", verify=True)
    assert release.manifest["inputs"][0]["origin"]["sources"][0]["updated"] == country["TAB6586"].updated
    assert release.table.origin == said
    out.write_bytes(out.read_bytes().replace(b"2024,", b"2024,1", 1))
    changed = read_factors(out, method, year=2024)
    assert changed.origin is None
    assert any("changed after" in note for note in changed.notes)
    origin_file(out).write_text('{"format": 1}')
    assert any("damaged" in note for note in read_factors(out, method, year=2024).notes)
    origin_file(out).unlink()
    assert not any("fetched" in note for note in read_factors(out, method, year=2024).notes)


def test_nothing_is_overwritten(serve, small, tmp_path):
    service = open_service(serve(tables={"TAB1": small}).address, QUICK)
    fetched = fetch_table(Question("TAB1", 2024), service, tmp_path / "c")
    (tmp_path / "t.csv").write_text("mine")
    with pytest.raises(InputError, match="stands there already"):
        write_fetched(fetched, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "mine"
    with pytest.raises(InputError, match=r"expected \.csv, .*got \.docx"):
        write_fetched(fetched, tmp_path / "t.docx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "t.csv"]


def test_the_command(serve, recorded, tmp_path, monkeypatch):
    replay = serve(tables=recorded)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGSO_SCB_URL", replay.address)
    monkeypatch.setenv("REGSO_CACHE", str(tmp_path / "cache"))
    arguments = ["fetch", "table", "TAB6574", "--year", "2024", "--select", "Alder=totalt", "--select", "Kon=1+2",
                 "--within", "1280", "--out", "p.csv"]  # fmt: skip
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout == "p.csv: 91 areas, columns regso, year, 000007Y7\n"
    assert "fetched anew" in done.stderr
    assert (tmp_path / "cache" / "tables").is_dir()
    calls = len(replay.calls)
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1
    assert "stands there already" in again.stderr
    assert len(replay.calls) == calls  # refused before anything was asked
    said = CliRunner().invoke(main, [*arguments[:-1], "q.csv", "--json"])
    assert json.loads(said.stdout)["areas"] == 91
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "q.csv").read_bytes()
    assert CliRunner().invoke(main, [*arguments[:4], "--select", "Kon", "--out", "r.csv"]).exit_code == 2
    gone = CliRunner().invoke(main, ["fetch", "table", "TAB1", "--year", "2024", "--out", "r.csv"])
    assert gone.exit_code == 1
    assert "Error: " in gone.stderr
    assert not (tmp_path / "r.csv").exists()
