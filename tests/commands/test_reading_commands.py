"""The same reader behind every command: sheets, marks, totals and error cells, from the command line."""

from __future__ import annotations

import json

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from regso_cluster.cli import main
from regso_cluster.release.write import write_release
from tests.tables import writes_views

UNITS = [["A", "0114R001", 10, 20], ["B", "0114R002", 11, 30], ["C", "0180R026", 9, 25]]
HEADER = ["enhet", "regso", "klarade", "elever"]


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("reading") / "2024").path


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def book(path, sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def summarised(path, released, *more):
    done = run("summarise", path, "--release", released, "--by", "composite_group", "--value", "klarade", "--of",
               "elever", "--unprotected", "--json", *more)  # fmt: skip
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    return said["table"][0]["units"], said["notes"]


def test_a_total_is_no_unit_in_join_and_summarise(released, tmp_path):
    path = book(tmp_path / "t.xlsx", {"a": [["Skolor"], HEADER, *UNITS, ["Summa", None, 30, 75]]})
    units, notes = summarised(path, released)
    assert units == 75
    note = "1 row is a total, no unit, and is left out: row 6 (Summa)"
    assert note in notes
    done = run("join", path, "--release", released, "--on", "regso", "--out", tmp_path / "o.csv")
    assert done.exit_code == 0, done.output  # the total is kept, and is no unit without an area
    assert "1 row is a total or a note, no unit: row 6 (Summa)" in done.output
    joined = pd.read_csv(tmp_path / "o.csv")
    assert len(joined) == 4
    assert joined["regso_match"].tolist()[-1] == "missing"
    assert summarised(tmp_path / "o.csv", released)[0] == 75


def test_protect_leaves_totals_out(tmp_path):
    rows = [["A", "01", 100, 200], ["B", "01", 110, 300], ["C", "18", 90, 250], ["Totalt", None, 300, 750]]
    pd.DataFrame(rows, columns=["enhet", "lan", "klarade", "elever"]).to_csv(tmp_path / "t.csv", index=False)
    done = run("protect", tmp_path / "t.csv", "--path", "lan", "--value", "klarade", "--of", "elever", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert "1 row is a total, no unit, and is left out: row 5 (Totalt)" in said["notes"]
    assert sum(row["units"] for row in said["table"] if row.get("lan")) == 750


def test_sheets_are_chosen_or_refused_by_every_command(released, tmp_path):
    path = book(tmp_path / "t.xlsx", {"vt": [HEADER, *UNITS], "ht": [HEADER, *UNITS[:2]]})
    joined = ["join", path, "--release", released, "--on", "regso", "--out", tmp_path / "o.csv"]
    others = ["summarise", path, "--release", released, "--by", "composite_group", "--value", "klarade"]
    for arguments in (joined, others, ["protect", path, "--path", "regso", "--value", "klarade", "--of", "elever"]):
        done = run(*arguments)
        assert done.exit_code != 0
        assert "'vt', 'ht'" in done.output
    assert run(*joined, "--sheet", "HT").exit_code == 0
    assert len(pd.read_csv(tmp_path / "o.csv")) == 2
    assert summarised(path, released, "--sheet", "vt")[0] == 75


def test_own_marks_and_swedish_text_numbers_are_read(released, tmp_path):
    rows = [["A", "0114R001", "~10", 20], ["B", "0114R002", "11,5", 30], ["C", "0180R026", 9.25, 25]]
    path = book(tmp_path / "t.xlsx", {"a": [HEADER, *rows]})
    arguments = ["summarise", path, "--release", released, "--by", "composite_group", "--value", "klarade",
                 "--unprotected", "--json"]  # fmt: skip
    done = run(*arguments)
    assert "'~10'" in done.output
    assert "--suppressed" in done.output
    done = run(*arguments, "--suppressed", "~10")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["table"][0]["mean"] == pytest.approx((11.5 + 9.25) / 2)


@pytest.mark.skipif(not writes_views(), reason="this pyarrow writes no views to Parquet")
@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "gpkg", "geojson"])
def test_texts_as_views_are_joined_to_every_kind(released, tmp_path, kind):
    table = pa.table({"regso": pa.array(["0114R001", "0114R002"], pa.string_view()), "n": [1, 2]})
    parquet.write_table(table, tmp_path / "t.parquet")
    done = run("join", tmp_path / "t.parquet", "--release", released, "--on", "regso", "--out", tmp_path / f"o.{kind}")
    assert done.exit_code == 0, done.output


def test_an_error_cell_is_written_as_its_text_with_a_note(released, tmp_path):
    path = book(tmp_path / "t.xlsx", {"a": [HEADER, ["A", "0114R001", "#REF!", 20], *UNITS[1:]]})
    done = run("join", path, "--release", released, "--on", "regso", "--out", tmp_path / "o.csv")
    assert "column klarade: 1 error cell, written as text: row 2 #REF!" in done.output
    assert pd.read_csv(tmp_path / "o.csv")["klarade"].tolist()[0] == "#REF!"
    done = run("summarise", path, "--release", released, "--by", "composite_group", "--value", "klarade")
    assert "an error cell" in done.output


def test_an_error_cell_as_text_is_a_fault_unless_declared(released, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("regso,klarade,elever\n0114R001,10,20\n0114R002,#SAKNAS!,30\n0180R026,9,25\n", "utf-8")
    arguments = ["summarise", path, "--release", released, "--by", "composite_group", "--value", "klarade", "--of",
                 "elever", "--unprotected"]  # fmt: skip
    done = run(*arguments)
    assert done.exit_code == 1
    assert "row 3, column klarade: an error cell" in done.output
    assert run(*arguments, "--missing", "#SAKNAS!").exit_code == 0


def test_groups_in_decomposed_unicode_are_one_group(tmp_path):
    rows = [[name, 40, 100] for name in ("\u00d6st", "O\u0308st", "V\u00e4st", "Va\u0308st")]
    pd.DataFrame(rows, columns=["omr", "klarade", "elever"]).to_csv(tmp_path / "t.csv", index=False)
    for command in (["summarise", "--by"], ["protect", "--path"]):
        done = run(command[0], tmp_path / "t.csv", command[1], "omr", "--value", "klarade", "--of", "elever", "--json")
        assert done.exit_code == 0, done.output
        assert sorted(row["units"] for row in json.loads(done.output)["table"]) == [200, 200, 400]
