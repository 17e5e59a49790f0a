"""PC-Axis and JSON-stat, read back by readers that others wrote."""

from __future__ import annotations

import contextlib
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regso_cluster.classification.classify import classify
from regso_cluster.exports.cube import build_cube
from regso_cluster.exports.export import export
from regso_cluster.exports.jsonstat import jsonstat_dataset
from regso_cluster.exports.pxfile import _cell, _quoted, px_text
from regso_cluster.factors.tables import read_factors
from regso_cluster.release.write import write_release
from tests.tables import CODES, METHOD, method, rows, write

OPEN = {"regso", "name", "kommun", "kommun_name", "lan", "synthetic", "composite_group_name", "cluster_name"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Six areas; poverty of the second is suppressed."""
    folder = tmp_path_factory.mktemp("cube")
    text = METHOD.replace('coverage = "partial"', 'areas = "own"\nname = "name"')
    frame = rows().assign(name=['A "citat"', "B;=x", "Åäö", "D", "D", "F"])
    frame.loc[1, ["poor_n", "poor_d"]] = ".."
    return write_release(classify(read_factors(write(frame, folder / "t.csv"), method(text)), method(text), year=2024),
                         folder / "release")  # fmt: skip


@pytest.fixture(scope="module")
def cube(followed):
    return build_cube(followed)


def expected_of(areas, content):
    """What the cube should hold of a column: the figures, or the place of a text among the texts in order."""
    cells = areas[content.key]
    if not pd.api.types.is_numeric_dtype(cells.dtype):
        texts = sorted(cells.dropna().unique())
        assert [text.sv for text in content.labels.values()] == texts
        return np.array([np.nan if pd.isna(cell) else texts.index(cell) + 1 for cell in cells])
    return cells.astype("Float64").to_numpy(float, na_value=np.nan)


def read_px(path, lang):
    from pyaxis import pyaxis

    with contextlib.redirect_stdout(io.StringIO()):  # the reader prints
        return pyaxis.parse(str(path), encoding="utf-8", lang=lang)


def test_runners_up_and_flips_bear_the_names_of_their_groups(cube):
    labels = {content.key: content.labels for content in cube.contents}
    for column, grouping in (("composite_second", "composite_group"), ("composite_flip_group", "composite_group"),
                             ("cluster_second", "cluster"), ("cluster_flip_group", "cluster")):  # fmt: skip
        assert labels[column] == labels[grouping] != {}
    units = {content.key: content.unit.en for content in cube.contents}
    assert units["composite_flip_persons"] == "number"


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_px_is_read_back_equal_in_both_languages(followed, cube, tmp_path, lang):
    read = read_px(export(followed, tmp_path / "r.px"), lang)
    said = read["METADATA"]
    area, contents, year = ("område", "tabellinnehåll", "år") if lang == "sv" else ("area", "contents", "year")
    assert read["DATA"].columns.tolist() == [area, contents, year, "DATA"]
    code_of = dict(zip(said[f"VALUES({area})"], said[f"CODES({area})"], strict=True))
    key_of = dict(zip(said[f"VALUES({contents})"], said[f"CODES({contents})"], strict=True))
    assert (len(code_of), len(key_of)) == (3363, len(cube.contents))  # no name and no heading stands twice
    data = read["DATA"].assign(code=read["DATA"][area].map(code_of), key=read["DATA"][contents].map(key_of))
    assert set(data[year]) == {"2025"}
    wide = data.pivot(index="code", columns="key", values="DATA")
    assert list(wide.index) == list(followed.areas.index)
    for content in cube.contents:
        cells = pd.to_numeric(wide[content.key]).to_numpy(float)
        # 15 decimals, the most that the format holds: figures differ by half a unit of the last at most
        np.testing.assert_allclose(cells, expected_of(followed.areas, content), rtol=1e-15, atol=5.1e-16)
    assert wide["composite_group"].isna().sum() == (followed.areas["composite_status"] == "undecided").sum() > 0
    assert set(cube.left_out) | {content.key for content in cube.contents} | OPEN == {"regso", *followed.areas.columns}


def test_px_has_the_keywords_that_the_format_asks_for(followed, tmp_path):
    text = export(followed, tmp_path / "r.px").read_bytes().decode("utf-8")
    assert text.startswith('CHARSET="ANSI";\r\nAXIS-VERSION="2013";\r\nCODEPAGE="utf-8";\r\n')
    keywords = re.findall(r"^([A-Z0-9-]+)(?:\[en\])?(?:\(.*?\))?=", text, re.MULTILINE)
    mandatory = ["CONTENTS", "DATA", "DECIMALS", "HEADING", "MATRIX", "STUB", "SUBJECT-AREA", "SUBJECT-CODE", "TITLE",
                 "UNITS", "VALUES"]  # fmt: skip
    assert not set(mandatory) - set(keywords)
    assert keywords[-1] == "DATA"
    assert text.endswith(";\r\n")
    assert text.count(";\r\n") == text.count(";") - _inside(text)
    for translated in ("SUBJECT-AREA", "TITLE", "CONTENTS", "UNITS", "STUB", "HEADING", "CONTVARIABLE", "NOTEX"):
        assert f"\n{translated}[en]=" in text
    assert 'LANGUAGE="sv";\r\nLANGUAGES="sv","en";' in text
    assert 'TIMEVAL("år")=TLIST(A1),"2025";' in text
    assert 'PRECISION("tabellinnehåll","Trångboddhet, %")=1;' in text
    assert 'UNITS("Trångboddhet, %")="%";' in text
    assert 'NOTEX="SYNTETISKA DATA' in text
    meta, data = text.split("DATA=\r\n")
    assert max(map(len, meta.splitlines())) <= 256
    assert len(data.splitlines()) == 3363  # a row a value of the stub
    assert '".."' in data


def _inside(text):
    return sum(quoted.count(";") for quoted in re.findall(r'"([^"]*)"', text))


def test_px_by_hand(small):
    text = px_text(build_cube(small))
    assert 'VALUES("område")="A \'citat\'","B;=x","Åäö","D 0114R004","D 0114R005","F";' in text
    assert 'CODES("område")="0114R001","0114R002","0114R003","0114R004","0114R005","0114R006";' in text
    codes = re.search(r'CODES\("tabellinnehåll"\)=(.*?);', text, re.DOTALL)[1].replace('"', "").replace("\n", "")
    table = [line.split() for line in text.split("DATA=\n")[1].rstrip(";\n").splitlines()]
    column = codes.split(",").index("poor_value")
    # 10 of 100, suppressed, 10 of 100, 30 of 300, 10 of 100, 80 of 200
    assert [row[column] for row in table] == ["10", '".."', "10", "10", "10", "40"]
    group = codes.split(",").index("composite_group")
    assert table[5][group] == "1"  # both factors are problems: 40 per cent poor, 60 per cent voted
    assert "SYNTETISKA" not in text
    assert '\nNOTE="Områden har problem' in text
    assert 'VALUENOTE("tabellinnehåll","Sammanvägd grupp")="Sammanvägd grupp' in text
    assert "1 = Båda; 2 = En; 3 = Ingen" in text


@pytest.mark.parametrize(("number", "text"), [
    (3.0, "3"), (-0.5, "-0.5"), (0.1, "0.1"), (1e-7, "0.0000001"), (float("nan"), '".."'), (1e16, "10000000000000000"),
    (1.2345678901234567, "1.234567890123457"), (100.1234567890123, "100.1234567890123"), (0.0, "0"), (1e-20, "0"),
])  # fmt: skip
def test_px_figures(number, text):
    assert _cell(number) == text


@given(st.floats(-1e9, 1e9))
def test_px_figures_are_read_back(number):
    assert float(_cell(number)) == pytest.approx(number, rel=1e-15, abs=5.1e-16)
    assert "e" not in _cell(number)


def test_px_long_texts_go_over_several_lines():
    assert _quoted("å" * 450) == f'"{"å" * 160}"\n"{"å" * 160}"\n"{"å" * 130}"'
    assert _quoted("") == '""'


@pytest.mark.parametrize("language", ["sv", "en"])
def test_jsonstat_is_read_back_equal(shortened, tmp_path, language):
    from pyjstat import pyjstat

    followed, cube = shortened, build_cube(shortened)
    text = export(followed, tmp_path / "r.json", language=language).read_text("utf-8")
    with pytest.warns(DeprecationWarning, match="Shouldn't use this function"):  # the reader warns of itself
        read = pyjstat.Dataset.read(text).write("dataframe", naming="id")
    assert list(read.columns) == ["area", "ContentsCode", "Tid", "value"]
    wide = read.pivot(index="area", columns="ContentsCode", values="value")
    assert list(wide.index) == list(followed.areas.index)
    for content in cube.contents:
        cells = pd.to_numeric(wide[content.key]).to_numpy(float)
        np.testing.assert_array_equal(cells, expected_of(followed.areas, content))  # to the last digit
    with pytest.warns(DeprecationWarning, match="Shouldn't use this function"):
        labelled = pyjstat.Dataset.read(text).write("dataframe", naming="label")
    first = labelled.iloc[0].tolist()
    assert first == (
        ["Upplands Väsby (Bollstanäs)", "Boende", "2025", wide["population"].iloc[0]]
        if language == "sv"
        else ["Upplands Väsby (Bollstanäs)", "Residents", "2025", wide["population"].iloc[0]]
    )


def test_jsonstat_says_why_a_value_is_missing(small):
    made = jsonstat_dataset(build_cube(small), "en")
    contents = made["dimension"]["ContentsCode"]["category"]["index"]
    size = made["size"]
    assert size == [6, len(contents), 1] == [6, len(made["value"]) // 6, 1]
    at = size[1] + contents.index("poor_value")  # the second area
    assert made["value"][at] is None
    assert made["status"][str(at)] == "suppressed"
    assert all((made["value"][place] is None) == (str(place) in made["status"]) for place in range(len(made["value"])))
    at = size[1] + contents.index("composite_group")  # 69.9 per cent voted: a problem; poverty may be one, or not
    assert (made["value"][at], made["status"][str(at)]) == (None, "undecided")
    status = made["dimension"]["ContentsCode"]["category"]["note"]["poor_status"]
    assert "1 = observed; 2 = suppressed" in status[-1]
    assert made["value"][size[1] + contents.index("poor_status")] == 2


def test_jsonstat_has_what_the_format_asks_for(cube):
    made = jsonstat_dataset(cube, "sv")
    assert (made["version"], made["class"]) == ("2.0", "dataset")
    assert made["role"] == {"geo": ["area"], "metric": ["ContentsCode"], "time": ["Tid"]}
    assert made["id"] == list(made["dimension"])
    assert np.prod(made["size"]) == len(made["value"])
    for name, size in zip(made["id"], made["size"], strict=True):
        category = made["dimension"][name]["category"]
        assert len(category["index"]) == len(category["label"]) == size
    assert made["extension"]["synthetic"] is True
    assert made["note"][0].startswith("SYNTETISKA")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["updated"])
    json.dumps(made, allow_nan=False)


def test_areas_are_named_once(small):
    assert build_cube(small).names == ('A "citat"', "B;=x", "Åäö", f"D {CODES[3]}", f"D {CODES[4]}", "F")


def test_a_column_of_free_text_is_left_out_and_said(small):
    from regso_cluster.release.model import Release

    release = Release(small.path, small.manifest)
    many = [f"because {number}" for number in range(6)]
    release.__dict__["areas"] = pd.concat([small.areas] * 4).assign(composite_reason=many * 4)
    assert "composite_reason" in [content.key for content in build_cube(release).contents]  # 6 texts: a key
    release.__dict__["areas"] = pd.concat([small.areas] * 4).assign(composite_reason=[str(n) for n in range(24)])
    cube = build_cube(release)
    assert cube.left_out == ("composite_reason",)
    assert any("composite_reason" in note.sv for note in cube.notes)
