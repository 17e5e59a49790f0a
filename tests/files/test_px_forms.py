"""One table in every form that PxWeb saves: the same figures; damaged files are refused, never more."""

from __future__ import annotations

import json
import random

import openpyxl
import pytest

from regso_cluster.errors import InputError
from regso_cluster.factors.pxweb import settle_marks, to_areas
from regso_cluster.factors.tables import read_factors
from regso_cluster.files.jsonstat import parse_dataset, read_jsonstat
from regso_cluster.files.px import parse_px, read_px
from regso_cluster.files.pxsheet import unfold_sheet
from regso_cluster.files.raw_table import RawTable
from regso_cluster.files.tables import read_table
from tests.factors.test_pxweb import SUFFIXED, dataset
from tests.sources.test_tables import method_for

# two areas, men and women, 2023 and 2024, one measure; the figures by hand
REGIONS = ("0114R001", "0114R002")
FIGURES = {
    ("0114R001", "män"): ("10.5", "11"), ("0114R001", "kvinnor"): ("20", ".."),
    ("0114R002", "män"): ("0", "-"), ("0114R002", "kvinnor"): ("40.25", "41"),
}  # fmt: skip
PX = """CHARSET="ANSI";
AXIS-VERSION="2013";
CODEPAGE="{page}";
LANGUAGE="sv";
LANGUAGES="sv","en";
CONTENTS="Andel";
CONTENTS[en]="Share";
TITLE="Andel efter region; kön "
"och år=tid";
STUB="region","kön";
STUB[en]="region","sex";
HEADING="år";
VALUES("region")="Upplands Väsby, ett",
"Gällivare; två";
VALUES("kön")="män","kvinnor";
VALUES("år")="2023","2024";
TIMEVAL("år")=TLIST(A1,"2023"-"2024");
CODES("region")="0114R001","0114R002";
CODES("kön")="1","2";
DATASYMBOL2="Sekretess";
DATA=
10.5 11
20 ".."
0 "-"
40.25 41
;
"""


def px(text=PX, page="utf-8"):
    return text.replace("{page}", page).encode({"windows-1252": "cp1252"}.get(page, page))


def in_form(form, folder):
    """Write the table in one form; the file's name."""
    if form == "px":
        (folder / "t.px").write_bytes(px())
        return folder / "t.px"
    if form == "json":
        read = dataset(REGIONS, [10.5, 11, 20, None, 0, None, 40.25, 41], years=("2023", "2024"), kon=("1", "2"),
                       status={"3": "..", "5": "-"}, measures=("000000AA",))  # fmt: skip
        read["dimension"]["Kon"]["category"]["label"] = {"1": "män", "2": "kvinnor"}
        read["dimension"]["ContentsCode"]["category"]["label"] = {"000000AA": "Andel"}
        (folder / "t.json").write_text(json.dumps(read))
        return folder / "t.json"
    if form == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(["Andel efter region, kön och år"])
        sheet.append([])
        sheet.append([None, None, "2023", "2024"])
        for (region, sex), cells in FIGURES.items():
            sheet.append([region if sex == "män" else None, sex, *(float(c) if c[0].isdigit() else c for c in cells)])
        sheet.append([])
        sheet.append(["Källa: SCB"])
        book.save(folder / "t.xlsx")
        return folder / "t.xlsx"
    lines = {
        "pivoted": ['"region","kön","Andel 2023","Andel 2024"']
        + [f'"{region}","{sex}",{",".join(cells)}' for (region, sex), cells in FIGURES.items()],
        "code and text": ['"region","kön","Andel 2023","Andel 2024"']
        + [f'"{region} Namn, här","{sex}",{",".join(cells)}' for (region, sex), cells in FIGURES.items()],
        "one a row": ['"region","kön","år","Andel"']
        + [
            f'"{region}","{sex}","{year}",{cell}'
            for (region, sex), cells in FIGURES.items()
            for year, cell in zip(("2023", "2024"), cells, strict=True)
        ],
        "measure a row": ['"region","tabellinnehåll","kön","år","value"']
        + [
            f'"{region}","Andel","{sex}","{year}",{cell}'
            for (region, sex), cells in FIGURES.items()
            for year, cell in zip(("2023", "2024"), cells, strict=True)
        ],
    }[form]
    (folder / "t.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder / "t.csv"


@pytest.mark.parametrize("form", ["pivoted", "code and text", "one a row", "measure a row", "xlsx", "json", "px"])
def test_every_form_gives_the_same_figures(form, tmp_path):
    path = in_form(form, tmp_path)
    for sex, values in (("män", [11, None]), ("kvinnor", [None, 41])):
        table = read_factors(path, method_for(tmp_path, f"Andel {sex}"), edition=2025, year=2024)
        got = table.value.loc[list(REGIONS), "measured"]
        assert [None if one != one else one for one in got] == values  # noqa: PLR0124
    assert table.status.loc["0114R001", "measured"] == "suppressed"
    # the other year, and no year at all
    raw = to_areas(read_table(path), "regso", frozenset({"Andel män"}), year=2023) if form != "json" else None
    if raw is not None:
        assert raw.frame["Andel män"].map(str).map(float).tolist()[0] == 10.5
        assert raw.frame["year"].tolist() == ["2023"] * len(raw.frame)
    with pytest.raises(InputError, match="several periods") as refused:
        to_areas(read_table(path), "regso", frozenset({"Andel män"}))
    assert "Give year 2024" in str(refused.value)


@pytest.mark.parametrize("form", ["pivoted", "one a row", "xlsx", "json", "px"])
def test_a_measure_of_several_categories_is_refused_with_their_names(form, tmp_path):
    path = in_form(form, tmp_path)
    with pytest.raises(InputError, match="parted by more than the area") as refused:
        to_areas(read_table(path), "regso", frozenset({"Andel"}), year=2024)
    assert "Name a category too in the method" in str(refused.value)


def test_codes_and_texts_of_json_stat_and_px_serve(tmp_path):
    for form, names in (("json", ("000000AA 1", "Andel 1", "Andel män")), ("px", ("Andel 1", "Andel män", "män"))):
        path = in_form(form, tmp_path)
        for name in names:
            raw = to_areas(read_table(path), "regso", frozenset({name}), year=2024)
            assert raw.frame[name].tolist()[0] == "11"


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        ("..", ".."), ("x", "x"), ("c", "c"), (":", ":"), ("*", "*"), ("...", ".."), ("confidential", ".."),
        ("p", "0"), ("e", "0"), ("r", "0"), ("bp", "0"), ("provisional", "0"), ("-", "0"), (None, "0"), ("", "0"),
        (".", "."), ("sekr", "0 [sekr]"),
    ],
)  # fmt: skip
def test_a_zero_with_a_mark_of_suppression_is_no_zero(mark, text):
    """The same as a dict, as a list and, where one cell is all, as a text."""
    for status in ({"1": mark}, [None, mark, None]):
        read = dataset((*REGIONS, "0114R003"), [5, 0, 7], status=status)
        assert read_jsonstat(json.dumps(read).encode(), "t.json").frame.iloc[:, -1].tolist() == ["5", text, "7"]
    read = dataset(REGIONS[:1], [0], status=mark)
    assert read_jsonstat(json.dumps(read).encode(), "t.json").frame.iloc[:, -1].tolist() == [text]


def test_a_mark_that_the_method_knows_hides_its_number():
    plain = read_jsonstat(json.dumps(dataset(REGIONS, [0, 3], status=["sekr", "sekr"])).encode(), "t")
    raw = RawTable("t", plain.frame, "", described=plain.described)
    assert settle_marks(raw, ["sekr"]).frame.iloc[:, -1].tolist() == ["sekr", "sekr"]
    kept = settle_marks(raw, [".."])
    assert kept.frame.iloc[:, -1].tolist() == ["0", "3"]
    assert '2 numbers with the mark "sekr" kept as numbers' in kept.notes


def test_json_stat_1_a_collection_and_the_first_json_of_pxweb():
    read = dataset(SUFFIXED, [1, 2])
    dimension = {**read["dimension"], "id": read["id"], "size": read["size"], "role": read["role"]}
    first = {"dataset": {"dimension": dimension, "value": [1, 2]}}
    whole = {"version": "2.0", "class": "collection", "link": {"item": [read]}}
    plain = read_jsonstat(json.dumps(read).encode(), "t").frame
    for other in (first, whole):
        assert read_jsonstat(json.dumps(other).encode(), "t").frame.equals(plain)
    with pytest.raises(InputError, match="holds 2 datasets"):
        parse_dataset(json.dumps({**whole, "link": {"item": [read, read]}}).encode(), "t")
    keyed = {
        "columns": [{"code": "Region", "text": "region", "type": "d"}, {"code": "Tid", "text": "år", "type": "t"},
                    {"code": "000000AA", "text": "Antal", "type": "c"}],
        "data": [{"key": [SUFFIXED[0], "2024"], "values": ["7"]}, {"key": [SUFFIXED[1], "2024"], "values": [".."]}],
    }  # fmt: skip
    plain = read_jsonstat(json.dumps(keyed).encode(), "t")
    raw = to_areas(RawTable("t", plain.frame, "", described=plain.described), "regso", frozenset({"Antal"}))
    assert raw.frame["Antal"].tolist() == ["7", ".."]


@pytest.mark.parametrize(
    "content",
    [
        b'{"class":"dataset","class":"dataset"}', b'[NaN]', b'{"class":"dataset","version":"2.0","id":5}',
        json.dumps(dataset(SUFFIXED, [10**400, 1])).encode(), json.dumps(dataset(SUFFIXED, [float("nan"), 1])).encode(),
        json.dumps(dataset(SUFFIXED, [1, 2]) | {"role": {"time": ["nope"]}}).encode(),
        json.dumps(dataset(SUFFIXED, [1, 2]) | {"role": {"time": ["Tid"], "metric": ["Tid"]}}).encode(),
        json.dumps(dataset(SUFFIXED, [1, 2]) | {"size": [-2, -1, 1, 1]}).encode(),
        json.dumps(dataset(SUFFIXED, [1, 2]) | {"status": {"0": 5}}).encode(),
        json.dumps(dataset(SUFFIXED, [1, 2]) | {"status": {"0": "-"}}).encode(),
        json.dumps({"version": "2.0", "class": "dataset", "id": [f"d{n}" for n in range(24)], "size": [2] * 24,
                    "dimension": {f"d{n}": {"category": {"index": ["a", "b"]}} for n in range(24)},
                    "value": {}}).encode(),
        json.dumps({"version": "2.0", "class": "dataset", "id": ["a", "b"], "size": [1501, 1501], "value": {},
                    "dimension": {key: {"category": {"index": list(range(1501))}} for key in "ab"}}).encode(),
        b'{"a":' * 50_000, b'{"class": "dataset", "version": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_hostile_json_is_refused_before_it_takes_memory(content):
    with pytest.raises(InputError, match="not readable as JSON-stat 2"):
        read_jsonstat(content, "t.json")


@pytest.mark.parametrize("page", ["utf-8", "windows-1252", "iso-8859-1", "cp850"])
def test_px_in_its_code_page(page):
    table, _ = parse_px(px(page=page), "t.px")
    assert table.cells == ("10.5", "11", "20", "..", "0", "-", "40.25", "41")
    assert table["region"].labels == {"0114R001": "Upplands Väsby, ett", "0114R002": "Gällivare; två"}
    assert (table.time, table.contents, table.measure) == ("år", None, "Andel")
    assert table.label == "Andel efter region; kön och år=tid"


def test_px_with_keys_leaves_out_rows_of_zeros():
    text = PX.replace('DATASYMBOL2="Sekretess";', 'KEYS("region")=CODES;\nKEYS("kön")=VALUES;')
    text = text[: text.index("DATA=")] + 'DATA=\n"0114R001","män",10.5 11\n"0114R002","kvinnor",40.25 41\n;'
    table, notes = parse_px(px(text), "t.px")
    assert table.cells == ("10.5", "11", "0", "0", "0", "0", "40.25", "41")
    assert notes == ["4 cells of rows that the file leaves out are 0, by its format"]
    with pytest.raises(InputError, match="is no value of kön"):
        parse_px(px(text.replace('"män",10.5', '"hen",10.5')), "t.px")


def test_px_says_what_its_dots_mean_and_marks_cells():
    text = PX.replace('20 ".."', '20 "..."').replace("DATASYMBOL2", "DATASYMBOL3")
    table, notes = parse_px(px(text), "t.px")
    assert table.cells[3] == ".."
    assert notes == ['1 cell with "..." read as "..", suppressed: "Sekretess"']
    noted = PX.replace(
        "DATA=", 'DATANOTECELL("0114R001","*","2023")="x";\nDATANOTECELL("0114R002","2","2024")="p";\nDATA='
    )
    table, notes = parse_px(px(noted), "t.px")
    assert table.cells == ("x", "11", "x", "..", "0", "-", "40.25", "41")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("40.25 41\n;", "40.25 41\n", "ends within its cells"),
        ("40.25 41", "40.25", "7 cells for 8 places"),
        ("40.25 41", "40,25 41", "9 cells for 8"),
        ("40.25", "4O.25", "DATA, 0114R002, 2, 2023"),
        ('CODEPAGE="{page}"', 'CODEPAGE="rot13"', "unknown code page"),
        ('HEADING="år";', 'HEADING="år', "CHARSET|statement"),
        ('CODES("kön")="1","2"', 'CODES("kön")="1"', "1 codes for 2 values"),
        ("DATA=", "DAT", "statement"),
        ('STUB="region","kön"', 'STUB="region","region"', "stands twice"),
        ('"0114R002"', '"0114R001"', "code stands twice"),
        ('HEADING="år";', 'HEADING="år";HEADING="år";', "stands twice"),
        ('TIMEVAL("år")', 'TIMEVAL("x")', "no variable"),
    ],
)
def test_a_damaged_px_is_refused_with_the_place(old, new, told):
    assert old in PX
    with pytest.raises(InputError, match=told):
        parse_px(px(PX.replace(old, new)), "t.px")


def test_other_sheets_stay_as_they_are():
    for rows in (
        [["regso", "n"], ["0114R001", 1]],
        [["", "n"], ["x", 1]],
        [["Titel", ""], ["regso", "n"], ["0114R001", 5]],
    ):
        assert unfold_sheet(rows) is rows


def mutate(content, chance):
    content = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        kind, at = chance.randrange(5), chance.randrange(len(content))
        piece = chance.choice([b'"', b";", b",", b"=", b"{", b"}", b"[", b"]", b"null", b"-1", b"1e999", b"NaN", b"0.5",
                               b"\xff",
                               b"..", b"true", b"()", b"\n", b"9" * 400, b'"x"', b" "])  # fmt: skip
        if kind == 0:
            content[at : at + 1] = piece
        elif kind == 1:
            content[at:at] = piece
        elif kind == 2:
            del content[at : at + chance.randint(1, 30)]
        elif kind == 3:
            other = chance.randrange(len(content))
            content[at:at] = content[other : other + chance.randint(1, 60)]
        else:
            content[at] = chance.randrange(256)
        content = content or bytearray(b" ")
    return bytes(content)


def fuzz(runs, seed):
    """Give how many mutated files were read; whatever else than InputError is raised fails the test."""
    chance, read = random.Random(seed), 0  # noqa: S311
    plain = dataset(REGIONS, [10.5, None, 0, 5], years=("2023", "2024"), status={"1": ".."})
    bytes_of = {"json": json.dumps(plain).encode(), "px": px(), "keyed": json.dumps({
        "columns": [{"code": "Region", "type": "d"}, {"code": "Tid", "type": "t"}, {"code": "000000AA", "type": "c"}],
        "data": [{"key": ["0114R001", "2024"], "values": ["7"]}]}).encode()}  # fmt: skip
    for run in range(runs):
        kind = ("json", "px", "keyed")[run % 3]
        content = mutate(bytes_of[kind], chance)
        try:
            plain = read_px(content, "t.px")[0] if kind == "px" else read_jsonstat(content, "t.json")
            raw = settle_marks(RawTable("t", plain.frame, "", described=plain.described), [".."])
            to_areas(raw, "regso", frozenset({"Andel 1"}), year=2024)
            read += 1
        except InputError:
            pass
    return read


def test_mutated_files_are_read_or_refused_in_words():
    assert fuzz(600, 20240601) > 20


def test_a_numbers_of_json_are_the_texts_that_python_writes():
    """All at once or one by one (where a mark stands among them), a cell is the same text."""
    numbers = [0, -3, 1.50, 1e21, 0.1, None]
    regions = {f"0114R00{at}": f"area {at}" for at in range(1, 7)}
    texts = ["0", "-3", "1.5", "1e+21", "0.1", ""]
    assert read_jsonstat(json.dumps(dataset(regions, numbers)).encode(), "t").frame.iloc[:, -1].tolist() == texts
    mixed = [*numbers[:-1], ".."]
    read = read_jsonstat(json.dumps(dataset(regions, mixed)).encode(), "t").frame
    assert read.iloc[:, -1].tolist() == [*texts[:-1], ".."]
    for wrong in (1e300, True):
        with pytest.raises(InputError, match="no number"):
            read_jsonstat(json.dumps(dataset(regions, [wrong, *numbers[1:]])).encode(), "t")
