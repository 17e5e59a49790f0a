"""Notes: both languages by construction, numbers as each language writes them, kept and read back."""

from __future__ import annotations

import ast
import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import parse_method
from regso_cluster.words import notes as notes_module
from regso_cluster.words.notes import Note, name_some, number, templates
from tests.tables import METHOD, rows, write


@pytest.fixture(scope="module")
def calls(root: Path) -> list[tuple[str, int, ast.Call]]:
    """Every `Note(...)` of the package: file, line, call."""
    return [
        (path.name, node.lineno, node)
        for path in sorted((root / "src" / "regso_cluster").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Note"
    ]


def test_every_note_of_the_source_has_both_forms_with_the_places_it_fills(calls):
    assert len(calls) > 150
    for file, line, call in calls:
        (code,) = call.args
        assert isinstance(code, ast.Constant), f"{file}:{line}: a code is a literal, so that its forms can be looked up"
        assert code.value in templates(), f"{file}:{line}: {code.value} has no form in notes.toml"
        places, given = set(templates()[code.value]["en"].places), {one.arg for one in call.keywords}
        unpacked = None in given
        assert given - {None} <= places if unpacked else given == places, f"{file}:{line}: {code.value}"


def test_no_form_is_unused(calls):
    used = {call.args[0].value for _, _, call in calls}
    assert set(templates()) == used


def test_a_note_without_swedish_or_with_other_values_is_an_error(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="without Swedish and English: 'made_up'"):
        Note("made_up")
    with pytest.raises(ValueError, match="has the places"):
        Note("few_residents", count=2)
    with pytest.raises(ValueError, match="has the places"):
        Note("few_residents", count=2, least=100, most=3)


@pytest.mark.parametrize(
    ("forms", "error"),
    [
        ('en = "{count} rows"', "both languages"),
        ('en = "{count} rows"\nsv = "rader"', "not the same places"),
        ('en = "{share:.1f}"\nsv = "{share:.2f}"', "not the same places"),
        ('en = "{count} rows"\nsv = "{count} rader"\nen_one = "{count} row"', "both languages"),
    ],
)
def test_forms_that_lack_a_language_or_a_place_are_refused(forms, error, monkeypatch, tmp_path):
    (tmp_path / "notes.toml").write_text(f"[a]\n{forms}\n", "utf-8")
    monkeypatch.setattr(notes_module.resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=error):
        templates.__wrapped__()


def test_numbers_are_written_as_each_language_does():
    note = Note("list_expected", count=1180, groups=Note("groups_to", group=2), wrong=1.6, missed=0.2, expected=1178.4,
                low=np.int64(1176), high=1180)  # fmt: skip
    assert note == ("of the 1,180 areas in groups 1 to 2, about 2 are expected not to belong, and about 0 of the "
                    "others to belong: 1178 in all (1,176 to 1,180)")  # fmt: skip
    assert note.text("sv") == ("av de 1\u00a0180 områdena i grupp 1 till 2 väntas ungefär 2 inte höra dit, och ungefär "
                               "0 andra höra dit: 1178 sammanlagt (1\u00a0176 till 1\u00a0180)")  # fmt: skip
    assert Note("old_not_covered", count=3, least=0.9) == (
        "3 old areas not wholly covered by the new layer, least 90.00%: renormalised"
    )
    assert "minst 90,00\u00a0%:" in Note("old_not_covered", count=3, least=0.9).text("sv")
    assert "skulle passa 2,5\u00a0% bättre" in Note("fit_lost", loss=2.46).text("sv")
    assert [number(one) for one in (1234.0, 1234.5, 7.0, 0.123456, np.inf)] == ["1,234", "1,234", "7", "0.1235", "any"]


def test_a_number_is_kept_as_exact_as_it_is_shown():
    """Else two machines that differ in the last bit would write two manifests."""
    assert Note("fit_lost", loss=2.4600000000001).values == {"loss": 2.5}
    pulled = Note("limit_pulled", code="0114R001", factor="poor", got=1234.56, without=0.123456, now=np.float64(3.0))
    assert (pulled.values["got"], pulled.values["without"], pulled.values["now"]) == (1235.0, 0.1235, 3.0)
    assert Note("old_not_covered", count=np.int64(3), least=0.987654).values == {"count": 3, "least": 0.9877}


def test_notes_and_several_of_them_stand_in_notes():
    fails = [Note("fails_strength", value=0.61, wanted=0.8), Note("fails_jaccard", value=0.48, wanted=0.6)]
    best = Note("largest_number", k=2, scatter=17.2, strength=0.94, jaccard=0.97)
    note = Note("clusters_do_not_stand", k=6, fails=fails, reason=best)
    assert note.startswith("the 6 clusters of the method do not stand: prediction strength 0.61 (0.8 wanted); least J")
    assert note.text("sv") == (
        "metodens 6 kluster håller inte: prediktionsstyrka 0,61 (minst 0,8 krävs); lägsta Jaccard för en grupp 0,48 "
        "(minst 0,6 krävs). Av de antal som prövats: 2 grupper är det största antal som håller (spridningen är "
        "17\u00a0% mindre än i moln utan grupper, prediktionsstyrkan 0,94, lägsta Jaccard 0,97)."
    )
    assert name_some(["a", "b"], 2) == ("a", "b")
    assert name_some(["a", "b", "c"], 2) == "a, b and 1 more"
    assert name_some(["a", "b", "c"], 2).text("sv") == "a, b och 1 till"


def test_one_and_several():
    one = Note("only_later_year", count=1, codes=["0114R001"])
    assert (one, one.text("sv")) == (
        "1 area is in the later year alone: 0114R001", "1 område finns bara det senare året: 0114R001",
    )  # fmt: skip
    assert Note("only_later_year", count=2, codes=["a", "b"]).text("sv") == "2 områden finns bara det senare året: a, b"


def test_what_stands_in_a_place_is_no_template():
    note = Note("of_column", column="{count}", note=Note("decimal_commas", count=24))
    assert (note, note.text("sv")) == (
        "column {count}: 24 decimal commas read", "kolumn {count}: 24 tal lästa med decimalkomma",
    )  # fmt: skip


def test_a_note_is_a_text_that_is_kept_whole():
    note = Note("rows_no_units", count=6, rows=name_some([Note("row_labelled", row=1, label="Summa")] * 6, 5))
    assert isinstance(note, str)
    assert note == str(note)
    assert type(str(note)) is str
    assert {note: 1}[str(note)] == 1
    read = Note.from_plain(json.loads(json.dumps(note.as_plain())))
    for again in (pickle.loads(pickle.dumps(note)), copy.deepcopy(note), read):  # noqa: S301  (its own bytes)
        assert (again, again.code, again.values, again.text("sv")) == (note, note.code, note.values, note.text("sv"))
    assert read.as_plain() == note.as_plain()
    assert "rad 1 (Summa)" in read.text("sv")
    assert " och 1 till" in read.text("sv")


def test_notes_of_other_versions_are_shown_in_the_language_they_have():
    newer = Note.from_plain({"code": "of_tomorrow", "values": {"x": 1}, "en": "something new"})
    assert (newer, newer.both(), newer.text("sv")) == ("something new", {"sv": None, "en": "something new"}, newer)
    other = Note.from_plain({"code": "few_residents", "values": {"count": 1}, "en": "1 area is small"})
    assert other.both() == {"sv": None, "en": "1 area is small"}
    typed = Note.from_plain({"code": "fit_lost", "values": {"loss": None}, "en": "much lost"})
    assert typed.both() == {"sv": None, "en": "much lost"}
    old = Note.from_plain("2 areas with fewer than 100 residents are not classified")
    assert old.text("sv") == "2 områden med färre än 100 boende klassas inte"
    assert (old.code, old.as_plain()) == ("", str(old))
    for wrong in (7, None, ["a"], {"code": 1, "values": {}, "en": "x"}):
        with pytest.raises(TypeError):
            Note.from_plain(wrong)


@pytest.mark.parametrize("towards", ["country", "lan", "kommun"])
def test_notes_of_shrunk_rates(towards, tmp_path):
    using = parse_method(METHOD + f'[shrinkage]\ntowards = "{towards}"\n')
    table = read_factors(write(rows(), tmp_path / f"{towards}.csv"), using, edition=2025)
    said = classify(table, using, year=2024).notes
    assert any("rates are shrunk towards" in note and "empirisk Bayes" in note.text("sv") for note in said)
    assert not [note for note in said if note.text("sv") == note]


def test_no_note_is_made_of_a_text(root):
    """What mypy cannot see, since a manifest and a summary hold anything: a list of notes gets no plain text."""
    for path in sorted((root / "src" / "regso_cluster").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append"):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "notes":
                (added,) = node.args
                assert not isinstance(added, ast.Constant | ast.JoinedStr), f"{path.name}:{node.lineno}"


def test_one_is_said_in_the_singular():
    note = Note("totals_left_out", count=1, rows=["5"])
    assert str(note) == "1 row is a total, no unit, and is left out: 5"
    assert note.text("sv") == "1 rad är en summa och ingen enhet, och är utelämnad: 5"
    assert str(Note("totals_left_out", count=2, rows=["5", "6"])).startswith("2 rows are totals")
    assert not [code for code, forms in templates().items() if "count" in forms["en"].places
                and forms["en"].places["count"] == ("", "") and "en_one" not in forms
                and str(Note(code, **dict.fromkeys(forms["en"].places, 1))).startswith("1 rows")]  # fmt: skip
