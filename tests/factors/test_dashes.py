"""A dash is apart from an empty cell, and a zero where the method says so; every new note has its Swedish."""

from __future__ import annotations

import pytest

from regso_cluster.delivery.page.notes import in_swedish
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from tests.factors.test_scb_tables import method_for


@pytest.mark.parametrize("dash", ["-", "–"])
def test_a_dash_is_apart_from_an_empty_cell(tmp_path, dash):
    (tmp_path / "t.csv").write_text(
        f"regso,n\n0114R001,{dash}\n0114R002,\n0114R003,5\n0114R004,{dash}\n2523R011,..\n", "utf-8"
    )
    table = read_factors(tmp_path / "t.csv", method_for(tmp_path, "n"), year=2024)
    assert table.status["measured"].iloc[:3].tolist() == ["missing", "missing", "observed"]
    assert "column n: 1 empty cells kept as missing" in table.notes
    assert any(
        note.startswith("column n: 2 cells with a dash kept as missing; in tables of PxWeb") for note in table.notes
    )
    assert all(in_swedish(note) for note in table.notes)
    path = tmp_path / "n.toml"
    path.write_text(path.read_text("utf-8").replace("[table]", '[table]\nzero = ["-", "–"]'), "utf-8")
    zeros = read_factors(tmp_path / "t.csv", load_method(str(path)), year=2024)
    assert zeros.value.loc[["0114R001", "0114R003", "0114R004"], "measured"].tolist() == [0, 5, 0]
    assert zeros.status.loc["2523R011", "measured"] == "suppressed"
    assert "column n: 2 cells with a mark of zero read as 0" in zeros.notes
    assert all(in_swedish(note) for note in zeros.notes)


@pytest.mark.parametrize(
    "note",
    [
        "column year: dates or periods such as 2024-12-31 read as the year 2024",
        "12 codes with a text beside them: the code was taken, as '0114R001 Namn' to 0114R001",
        "3 periods, 2022 to 2024: 2024 was taken", '2 numbers with the mark "sekr" kept as numbers',
        "4 cells of rows that the file leaves out are 0, by its format", '1 cells with "..." read as "..", suppressed',
        '1 cells with "..." read as "..", suppressed: "Sekretess"', "2 cells have a mark of the file (DATANOTECELL)",
        "no CHARSET: read as code page 850",
    ],
)  # fmt: skip
def test_notes_have_their_swedish(note):
    assert in_swedish(note)
