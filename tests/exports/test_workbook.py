from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.exports.export import export, export_table
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.sheet_writing import _heading_lines, _heading_width, _style_of
from regso_cluster.maps.colours import kind_colours, largest_group
from regso_cluster.release.write import write_release
from regso_cluster.words.columns import head_columns
from tests.tables import CODES, METHOD, method, rows, write


@pytest.fixture(scope="module")
def book(shortened, tmp_path_factory):
    return openpyxl.load_workbook(export(shortened, tmp_path_factory.mktemp("book") / "r.xlsx"))


def own_release(tmp_path, text=METHOD, **columns):
    using = method(text.replace('coverage = "partial"', 'areas = "own"\nname = "name"'))
    table = read_factors(write(rows().assign(**({"name": "x"} | columns)), tmp_path / "t.csv"), using)
    return write_release(classify(table, using, year=2024), tmp_path / "release")


def table_of(sheet, skip=1):
    cells = list(sheet.iter_rows(values_only=True))[skip:]
    return pd.DataFrame(cells[1:], columns=cells[0], dtype=object)


def test_the_workbook_is_read_back_equal_through_its_sheet_of_columns(shortened, book):
    followed = shortened
    explained = table_of(book["Kolumner"])
    for name, frame in {"Områden": followed.areas.reset_index(), "Grupper": followed.groups.drop(columns="name_en"),
                        "Klustrens väg": followed.lineage.drop(columns="name_en")}.items():  # fmt: skip
        own = explained[explained["Blad"] == name]
        read = table_of(book[name])
        assert list(read.columns) == list(own["Rubrik"])
        read.columns = pd.Index(own["Namn i andra format"])
        assert sorted(read.columns) == sorted(frame.columns)
        read = read[list(frame.columns)]
        read.columns = frame.columns
        for column, kind in frame.dtypes.items():
            if pd.api.types.is_bool_dtype(kind):
                read[column] = read[column].map({"ja": True, "nej": False}, na_action="ignore")
            read[column] = read[column].astype(object).where(read[column].notna(), None).astype(kind)
        if name == "Grupper":  # each grouping is called what its column is called among the areas
            heads = head_columns(frame["grouping"].unique(), followed.method).set_index("column")["sv"]
            read["grouping"] = read["grouping"].map({head: name for name, head in heads.items()})
        pd.testing.assert_frame_equal(
            read, frame, check_dtype=name != "Grupper", rtol=1e-15, atol=0, obj=name
        )  # a cell holds 16 digits


def test_codes_are_text_and_headings_stay_in_sight(book):
    sheet = book["Områden"]
    header = [cell.value for cell in sheet[2]]
    assert header[:4] == ["RegSO-kod", "Område", "Kommun", "Boende"]
    kommun = sheet.cell(3, header.index("Kommunkod") + 1)
    assert (kommun.value, kommun.data_type, kommun.number_format) == ("0114", "s", "@")
    assert sheet.freeze_panes == "C3"
    assert sheet.auto_filter.ref.startswith("A2:")
    assert sheet.print_title_rows == "$2:$2"
    value = sheet.cell(3, header.index("Trångboddhet, %") + 1)
    assert (value.number_format, value.data_type) == ("0.0", "n")
    residents = sheet.cell(3, header.index("Boende") + 1)
    assert residents.number_format == "#,##0"
    assert (
        "Trångboddhet: värde\n(trangboddhet_value)" in sheet.cell(2, header.index("Trångboddhet, %") + 1).comment.text
    )


def test_widths_follow_the_content(book):
    sheet = book["Områden"]
    header = [cell.value for cell in sheet[2]]
    longest = max(len(row[1].value) for row in sheet.iter_rows(min_row=3))
    # columns of one width side by side are one entry in the file
    widths = {number: one.width for one in sheet.column_dimensions.values() for number in range(one.min, one.max + 1)}
    assert longest < widths[2] < longest + 5
    for number, label in enumerate(header, start=1):
        assert max(map(len, label.split(" "))) + 3 < widths[number] <= 82, label


def test_a_heading_is_wrapped_between_words():
    # "Sammanvägd grupp": 16 letters on two lines need the longest word, 10, and 4 for the arrow of the filter
    assert _heading_width("Sammanvägd grupp") == 14
    assert _heading_lines("Sammanvägd grupp", 14) == 2
    assert _heading_lines("Boende", 10) == 1


def test_every_sheet_says_that_the_data_are_synthetic(book):
    assert book.sheetnames == ["Omslag", "Områden", "Grupper", "Klustrens väg", "Metod", "Kolumner"]
    for sheet in book:
        assert "SYNTETISKA DATA" in sheet["A1"].value


def test_real_figures_carry_no_such_mark(tmp_path):
    made = openpyxl.load_workbook(export(own_release(tmp_path), tmp_path / "r.xlsx"))
    assert made.sheetnames == ["Omslag", "Områden", "Grupper", "Metod", "Kolumner"]
    text = " ".join(str(cell) for sheet in made for row in sheet.iter_rows(values_only=True) for cell in row)
    assert "SYNTETISKA" not in text
    assert made["Områden"]["A1"].value == "Områdeskod"
    assert made["Områden"].freeze_panes == "C2"


def test_the_cover_tells_the_groups_and_how_not_to_use_them(followed, book):
    text = [[cell for cell in row if cell is not None] for row in book["Omslag"].iter_rows(values_only=True)]
    assert text[1] == ["Områden med utanförskap 2025"]
    own = followed.groups[followed.groups["grouping"] == "composite_group"]
    for row in own.to_dict("records"):
        number = "–" if pd.isna(row["group"]) else str(row["group"])
        shown = next(cells for cells in text if cells[:2] == [number, row["name_sv"]])
        assert shown[2:4] == [row["areas"], row["residents"]]
        assert shown[5:] == ([] if pd.isna(row["probability"]) else [pytest.approx(row["probability"])])
    heading = next(cells for cells in text if "Områden" in cells and "Boende" in cells)
    assert heading[-1] == "Hur säkert"
    areas = [cell.value for cell in next(row for row in book["Områden"].iter_rows() if row[0].value == "RegSO-kod")]
    assert areas.index("Hur säkert") == areas.index("Sammanvägd grupp, namn") + 1
    assert areas.index("Hur säkert klustret är") == areas.index("Kluster, namn") + 1
    said = " ".join(str(cell) for row in text for cell in row)
    assert "inte en person" in said
    assert followed.manifest["manifest_sha256"] in said


def test_the_sheet_of_the_method_names_limits_and_sources(book):
    text = "\n".join(str(cell) for row in book["Metod"].iter_rows(values_only=True) for cell in row)
    for said in ("Trångboddhet", "problem bortom", "IntGr8RegSOKon2", "sha256", "inte en person"):
        assert said in text


def test_in_english(shortened, tmp_path):
    followed = shortened
    book = openpyxl.load_workbook(export(followed, tmp_path / "en.xlsx", language="en"))
    assert book.sheetnames == ["Cover", "Areas", "Groups", "Fate of clusters", "Method", "Columns"]
    areas = table_of(book["Areas"])
    assert list(areas.columns[:3]) == ["RegSO code", "Area", "Kommun"]
    groups = followed.groups[followed.groups["grouping"] == "cluster"].set_index("group")["name_en"]
    numbers = followed.areas["cluster"]
    assert areas["Cluster, name"].tolist() == [groups[number] for number in numbers]
    assert set(areas["Crime: problem"].dropna()) == {"yes", "no"}
    assert "Name (Swedish)" not in table_of(book["Groups"]).columns
    assert "Areas marked by social exclusion 2025" in str(book["Cover"]["A2"].value)


def test_the_groups_are_coloured_as_on_the_map(book):
    rules = [rule for one in book["Områden"].conditional_formatting for rule in one.rules]
    assert [rule.formula for rule in rules] == [["1"], ["2"], ["3"], ["4"]]
    assert rules[0].dxf.fill.bgColor.rgb == "FF5D0A35"


def test_clusters_alone_have_hues_of_their_own(shortened, tmp_path, monkeypatch):
    groups = shortened.groups[(shortened.groups["grouping"] == "cluster") & shortened.groups["group"].notna()]
    monkeypatch.setitem(vars(shortened), "groups", groups)
    book = openpyxl.load_workbook(export(shortened, tmp_path / "r.xlsx"))
    rules = [rule for one in book["Områden"].conditional_formatting for rule in one.rules]
    kinds = kind_colours(int(groups["group"].max()), largest_group(groups))
    wanted = {str(number): f"FF{kinds[number - 1][1:]}".upper() for number in groups["group"]}
    assert {rule.formula[0]: rule.dxf.fill.bgColor.rgb for rule in rules} == wanted


HOSTILE = ["=1+1", "+1", "-1", "@x", '=HYPERLINK("x")', "http://example.org", "0114", "\tx"]


@pytest.mark.parametrize("name", HOSTILE[:-1])
def test_text_is_never_a_formula_a_link_or_a_number(tmp_path, name):
    release = own_release(tmp_path, name=name)
    sheet = openpyxl.load_workbook(export(release, tmp_path / "r.xlsx"))["Områden"]
    cell = sheet["B2"]
    assert (sheet["A2"].value, cell.value, cell.data_type, cell.hyperlink) == (CODES[0], name, "s", None)


def test_hostile_text_anywhere_in_a_table_is_text(tmp_path):
    table = pd.DataFrame({"=1+1": HOSTILE, "@SUM(A1)": HOSTILE[::-1]})
    sheet = openpyxl.load_workbook(export_table(table, tmp_path / "t.xlsx", name="T"))["T"]
    for number, row in enumerate(sheet.iter_rows()):
        for cell, text in zip(row, [*table.columns] if number == 0 else table.iloc[number - 1], strict=True):
            assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_dates_are_dates(tmp_path):
    table = pd.DataFrame({"dag": pd.to_datetime(["2024-12-31", None]), "tid": pd.to_datetime(["2024-12-31 13:05"] * 2)})
    sheet = openpyxl.load_workbook(export_table(table, tmp_path / "t.xlsx", name="T"))["T"]
    assert sheet["A2"].is_date
    assert (sheet["A2"].number_format, sheet["B2"].number_format) == ("yyyy-mm-dd", "yyyy-mm-dd hh:mm")
    assert sheet["A3"].value is None
    assert sheet["B2"].value == table["tid"][0]


@pytest.mark.parametrize(("cells", "unit", "style"), [
    ([1.0, 2.0], "", "int"), ([1.5, None], "", "float"), ([1.5], "per cent", "rate"), ([10_000.0], "", "count"),
    ([9_999.0], "", "int"), ([None], "", "float"), ([], "", "float"),
])  # fmt: skip
def test_how_numbers_are_shown(cells, unit, style):
    assert _style_of(pd.Series(cells, dtype="float64"), unit) == style
    assert _style_of(pd.Series([10**15 - 1]), unit) == "count"
    assert _style_of(pd.Series([-(10**15), None], dtype="Int64"), unit) == "text"
    if unit == "" and style != "float":
        assert _style_of(pd.Series(cells).astype("Int64"), unit) == style


def test_headings_are_short_and_none_stands_twice(followed):
    heads = head_columns(followed.areas.reset_index().columns, followed.method)
    for language in ("sv", "en"):
        assert heads[language].str.casefold().is_unique
        assert heads[language].str.len().max() <= 50
    twin = METHOD.replace('sv = "Valdeltagande"', 'sv = "Fattigdom"')
    twins = head_columns(["poor_value", "voted_value"], method(twin))
    assert list(twins["sv"]) == ["Fattigdom, % [poor_value]", "Fattigdom, % [voted_value]"]
    assert list(twins["en"]) == ["Poverty, %", "Turnout, %"]


def test_a_printed_sheet_says_that_figures_are_made_up(tmp_path):
    for synthetic in (True, False):
        frame = rows().assign(synthetic="yes" if synthetic else "no")
        folder = tmp_path / str(synthetic)
        folder.mkdir()
        using = method()
        table = read_factors(write(frame, folder / "t.csv"), using, edition=2025)
        release = write_release(classify(table, using, year=2024), folder / "release")
        book = openpyxl.load_workbook(export(release, folder / "r.xlsx"))
        headers = [book[name].oddHeader.left.text for name in ("Områden", "Grupper", "Kolumner")]
        assert all("SYNTET" in (text or "") for text in headers) if synthetic else headers == [None] * 3
