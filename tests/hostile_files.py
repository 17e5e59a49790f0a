"""Files made to hurt, seeded: tables of every kind, methods and releases that were tampered with."""

from __future__ import annotations

import datetime as dt
import json
import random
import string
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from pyarrow import parquet

TEXTS = (
    "", " ", "..", ".", "-", "–", "−5", "x", "0", "-1", "1e400", "-1e308", "nan", "NaN", "inf", "-Infinity", "1,5",
    "1.234", "1,234", "99999999", "-999", "=1+1", "Summa", "Totalt", "#REF!", "#N/A", "å" * 40, '"', "'", "0114R001",
    "0114R001_RegSO2020", "114R001", "2584R001", "0114", "01", "True", "ja", "2024-01-01", "1 000", "1\xa0000", "１２",
    "(5)", "5-", "12 %", "1e3", "0x10", "null", "None", "0114 Upplands Väsby", "\u202e", "\u0000", "a\nb", "a\rb",
    "\U0001f4a9", "x" * 40_000, "9" * 400, "0.1" + "0" * 400, "NULL", "<b>&amp;", "../..", "1;2", "\ufeff",
    "Å", "A\u030a", "\t", "\\", "%s{}", "1_000", "٣", "²", "½", "1e-400", "0,080", "~100", "00000000000000000001",
)  # fmt: skip
OBJECTS: tuple[Any, ...] = (
    *TEXTS, 0, -1, 1.5, float("nan"), float("inf"), -float("inf"), 1e308, 10**17, True, False, None,
    dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 12, 30), dt.datetime(1, 1, 1), dt.time(1, 2), dt.timedelta(days=3),
    Decimal("1.50"), Decimal("NaN"), 2**53 + 1, 1e-320, -0.0,
)  # fmt: skip
HEADINGS = ("year", "synthetic", "name", "regso", "population", "x", "kommun", "deso", "lan", "geometry", "regso_code",
            "source", "composite_group", "index")  # fmt: skip


def change_table(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    """Change one to three things of a table: cells, columns, headings, rows."""
    frame = frame.astype(object).copy()
    for _ in range(random_.randint(1, 3)):
        frame = random_.choice(_CHANGES)(random_, frame.astype(object))
    return frame


def _cell(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    if frame.size:
        frame.iloc[random_.randrange(len(frame)), random_.randrange(frame.shape[1])] = random_.choice(OBJECTS)
    return frame


def _column(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    if frame.size:
        one = [random_.choice(OBJECTS)] * len(frame)
        cells = random_.choice([one, [random_.choice(OBJECTS) for _ in range(len(frame))]])
        frame.isetitem(random_.randrange(frame.shape[1]), pd.Series(cells, frame.index, dtype=object))
    return frame


def _headings(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    changes: list[Callable[[str], str]] = [
        str, str, str, str, str.upper, lambda one: one + " ", lambda one: one + "\n",
        lambda _: random_.choice(TEXTS), lambda _: random_.choice(HEADINGS),
    ]  # fmt: skip
    frame.columns = pd.Index([random_.choice(changes)(str(one)) for one in frame.columns], dtype=object)
    return frame


def _codes(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    if frame.size:
        old = [str(one) for one in frame.iloc[:, 0]]
        changes: list[Callable[[str], Any]] = [
            str.lower, lambda one: one + "_RegSO2020", lambda one: one[:4], lambda one: " " + one, lambda _: old[0],
            lambda one: one[1:], lambda one: one[:2] + "99" + one[4:], lambda _: None, lambda one: one + " Norr",
            lambda one: one.replace("R", "Я"), lambda one: float(len(one)),
        ]  # fmt: skip
        change = random_.choice(changes)
        frame.isetitem(0, pd.Series([change(one) for one in old], frame.index, dtype=object))
    return frame


def _insert(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    at, name = random_.randint(0, frame.shape[1]), random_.choice((*HEADINGS, *TEXTS))
    frame.insert(at, name, random_.choice((*OBJECTS, "2024", 2023, 2024.0)), allow_duplicates=True)
    return frame


def _widen(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    more = pd.DataFrame("1", index=frame.index, columns=[f"c{at}" for at in range(random_.choice([3, 70, 300]))])
    return pd.concat([frame, more.astype(object)], axis=1)


def _repeat(random_: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[: random_.choice([1, 2, len(frame)])]])


_CHANGES: tuple[Callable[[random.Random, pd.DataFrame], pd.DataFrame], ...] = (
    _cell, _cell, _cell, _cell, _column, _column, _headings, _codes, _insert, _insert, _widen, _repeat,
    lambda random_, frame: frame.iloc[: random_.randint(0, 3)],
    lambda random_, frame: frame.iloc[:, : random_.randint(1, 3)],
    lambda random_, frame: frame.drop(columns=frame.columns[random_.randrange(frame.shape[1])]),
    lambda random_, frame: frame.sample(frac=1, random_state=random_.randrange(99)),
    lambda _, frame: frame.iloc[:, ::-1],
)  # fmt: skip


def _clean(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode()


def _as_text(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    delimiter, decimal = random_.choice([",", ";", "\t", "|"]), random_.choice([".", ","])
    text = frame.to_csv(index=False, sep=delimiter, decimal=decimal, na_rep=random_.choice(["", "..", "nan"]))
    if random_.random() < 0.2:
        above = random_.choice(["Tabell 1\n\n", "\n\n", "sep=;\n", "a\n"])
        text = above + text + random_.choice(["", "\n\nKälla: SCB\n"])
    encoding = random_.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-32", "cp850"])
    path.write_bytes(text.encode(encoding, "replace"))


def _as_workbook(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    book = openpyxl.Workbook()
    for number in range(random_.choice([1, 1, 2, 3])):
        sheet = book.active if number == 0 else book.create_sheet(random_.choice(["2023", "2024", "Å", "Info"]))
        if random_.random() < 0.1:
            continue
        for _ in range(random_.choice([0, 0, 1, 4])):
            sheet.append(["Title", None, "b"][: random_.randint(0, 3)])
        for row in [list(frame.columns), *frame.itertuples(index=False, name=None)]:
            sheet.append([_for_a_book(one) for one in row])
        _hurt_sheet(random_, sheet)
    book.save(path)


def _for_a_book(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308:
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dt.timedelta | dt.time | dt.date) and str(value) > "1900":
        return value
    return "".join(one for one in str(value)[:32_000] if one.isprintable() or one == "\n")


def _hurt_sheet(random_: random.Random, sheet: Any) -> None:
    height, width = max(sheet.max_row, 2), max(sheet.max_column, 2)
    for _ in range(random_.randint(0, 4)):
        cell = sheet.cell(random_.randint(1, height), random_.randint(1, width))
        what = random_.randrange(7)
        try:
            if what == 0:
                sheet.merge_cells(start_row=cell.row, start_column=1, end_row=cell.row + 1, end_column=2)
            elif what == 1:
                cell.value = random_.choice(["=1/0", "=SUM(A1:A3)", "=HYPERLINK(1)", "=", "='x'!A1"])
            elif what == 2:
                cell.value, cell.data_type = random_.choice(["#DIV/0!", "#N/A", "#VALUE!"]), "e"
            elif what == 3:
                sheet.sheet_state = random_.choice(["hidden", "veryHidden"])
            elif what == 4:
                cell.value = CellRichText("a", TextBlock(InlineFont(b=True), "12"))
            elif what == 5:
                sheet.cell(height + random_.choice([3, 400]), width + random_.choice([2, 90]), " ")
            else:
                cell.number_format = random_.choice(["yyyy-mm-dd", "0%", "[h]:mm", '"x"0'])
        except AttributeError:
            continue  # a merged cell cannot be written
    if all(one.sheet_state != "visible" for one in sheet.parent.worksheets):
        sheet.parent.worksheets[0].sheet_state = "visible"


def _as_other_book(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    options = {"nan_inf_to_errors": True, "strings_to_urls": False, "strings_to_formulas": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([list(frame.columns), *frame.itertuples(index=False, name=None)]):
            for column, value in enumerate(row):
                sheet.write(at, column, value if isinstance(value, bool | int | float) else str(value)[:32_000])
        if random_.random() < 0.3:
            sheet.write_formula(1, 1, "=A1", None, random_.choice(["", 5, "x", "#N/A"]))


def _arrow_types() -> list[pa.DataType]:
    types = [
        pa.bool_(), pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.string(), pa.large_string(),
        pa.binary(), pa.binary(4), pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ns", "Europe/Stockholm"),
        pa.timestamp("us", "+02:00"), pa.timestamp("s", "Nowhere/X"), pa.time32("s"), pa.time64("us"),
        pa.duration("s"), pa.duration("ns"), pa.null(), pa.decimal128(38, 10), pa.decimal256(70, 30),
        pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.int64()), pa.list_(pa.int64()),
        pa.struct([("a", pa.int64())]), pa.map_(pa.string(), pa.int64()), pa.large_list(pa.string()),
        pa.list_(pa.float32(), 2), pa.dictionary(pa.int16(), pa.decimal128(9, 2)), pa.struct([]),
    ]  # fmt: skip
    return [*types, pa.string_view(), pa.binary_view()] if hasattr(pa, "string_view") else types


_SAMPLES: tuple[Any, ...] = (
    1, 0, -1, 200, 2**40, 1.5, True, "a", "1", "..", b"a", b"\xff\xfe", dt.date(2024, 1, 1), dt.date(1, 1, 1),
    dt.datetime(2024, 1, 1), dt.datetime(9999, 1, 1), dt.time(1), dt.timedelta(1), Decimal("1.5"), [1, 2], [],
    {"a": 1}, [("a", 1)], ["x"], [1.0, 2.0], float("nan"), float("inf"), "0114R001", {},
)  # fmt: skip


def _arrow_column(random_: random.Random, height: int) -> pa.Array:
    kind = random_.choice(_arrow_types())
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    fits: list[Any] = [None]
    for sample in _SAMPLES:
        try:
            pa.array([sample], plain)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
            continue
        fits.append(sample)
    column = pa.array([random_.choice(fits) for _ in range(height)], plain)
    return column.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else column


def _as_parquet(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    columns: list[pa.Array] = []
    for at in range(frame.shape[1]):
        cells = list(frame.iloc[:, at])
        try:
            columns.append(pa.array(cells, from_pandas=True))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            columns.append(pa.array([None if one is None else _clean(one) for one in cells]))
    for _ in range(random_.choice([0, 1, 1, 2]) if columns else 0):
        try:
            columns[random_.randrange(len(columns))] = _arrow_column(random_, len(frame))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue
    table = pa.Table.from_arrays(columns, [_clean(one) for one in frame.columns])
    if random_.random() < 0.3:
        said = random_.choice([b"{}", b"x", b"null", b'{"index_columns": ["q"], "columns": [], "column_indexes": []}'])
        table = table.replace_schema_metadata({"pandas": said, "geo": random_.choice([b"{}", b"[", b'{"columns": 1}'])})
    try:
        parquet.write_table(table, path, row_group_size=random_.choice([1, 3, 1000]))
    except (pa.ArrowException, OSError):
        parquet.write_table(pa.table({"a": [1]}), path)


_JSON: tuple[Any, ...] = (
    None, [], {}, "x", "", 1, -1, 1e300, True, ["a", "a"], [[1]], {"a": None}, [2, 1], [10**9, 10**9], [None], "2.0",
    [1.5], {"label": {}}, {"index": {"a": "b"}}, {"category": None}, 10**400, ["Region"], {"0": 1}, {"-1": 1}, [-1],
)  # fmt: skip


def change_json(random_: random.Random, read: Any, times: int = 1) -> Any:
    """Put something else in one place of a JSON value, however deep."""
    for _ in range(times):
        at, parent, key = read, None, None
        for _ in range(random_.randint(1, 6)):
            if not isinstance(at, dict | list) or not at:
                break
            parent, key = at, random_.choice(list(at)) if isinstance(at, dict) else random_.randrange(len(at))
            at = parent[key]
        if parent is not None and random_.random() < 0.3:
            parent.pop(key)
        elif parent is not None:
            parent[key] = random_.choice(_JSON)
    return read


def _json_of(frame: pd.DataFrame) -> dict[str, Any]:
    codes = [str(one) for one in (frame.iloc[:, 0] if frame.shape[1] else [])]
    measures = [str(one) for one in frame.columns[1:]]
    cells = [one if isinstance(one, str | int | float | None) else str(one)
             for row in frame.iloc[:, 1:].itertuples(index=False, name=None) for one in row]  # fmt: skip
    return {
        "version": "2.0", "class": "dataset", "id": ["regso", "ContentsCode", "Tid"],
        "size": [len(codes), len(measures), 1], "value": cells,
        "dimension": {"regso": {"category": {"index": codes}}, "ContentsCode": {"category": {"index": measures}},
                      "Tid": {"category": {"index": {"2024": 0}, "label": {"2024": "2024"}}}},
        "role": {"metric": ["ContentsCode"], "time": ["Tid"]}, "status": {"0": "x"},
    }  # fmt: skip


def _as_json(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    read: Any = _json_of(frame)
    if random_.random() < 0.3:
        names = [str(one) for one in frame.columns]
        read = {
            "columns": [{"code": one, "text": one, "type": "d" if at == 0 else "c"} for at, one in enumerate(names)],
            "data": [{"key": [str(row[0])], "values": [str(one) for one in row[1:]]}
                     for row in frame.itertuples(index=False, name=None)],
        }  # fmt: skip
    path.write_text(json.dumps(change_json(random_, read, random_.randint(0, 3))), "utf-8")


def _as_px(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    def listed(items: Any) -> str:
        return ",".join('"' + str(one).replace('"', "").replace("\n", " ") + '"' for one in items)

    cells = "\n".join(
        " ".join(str(one).split(" ")[0] or "." for one in row[1:]) for row in frame.itertuples(index=False, name=None)
    )
    page = random_.choice(["utf-8", "iso-8859-15", "iso-8859-99", "windows-1259", "Windows-1252", "rot13", ""])
    text = (
        f'CHARSET="ANSI";\nCODEPAGE="{page}";\nSTUB="regso";\nHEADING="ContentsCode","år";\n'
        f'VALUES("regso")={listed(frame.iloc[:, 0] if frame.shape[1] else [])};\n'
        f'VALUES("ContentsCode")={listed(frame.columns[1:])};\nVALUES("år")="2024";\nTIMEVAL("år")=TLIST(A1),"2024";\n'
        f'CONTVARIABLE="ContentsCode";\nDATANOTECELL("*","*","*")="x";\nDATA=\n{cells};\n'
    )
    for _ in range(random_.randint(0, 3)):
        old, new = random_.choice('";=1,(\n'), random_.choice(["", '"', ";;", "(", "\x00", "KEYS"])
        text = text.replace(random_.choice([old, "DATA", "STUB"]), new, random_.choice([1, 1, 99]))
    path.write_bytes(text.encode(random_.choice(["utf-8", "cp1252", "cp850"]), "replace"))


_SHAPES: tuple[Any, ...] = (
    {"type": "Point", "coordinates": [18, 59]}, {"type": "Point", "coordinates": [18, 59, 7]}, None, {},
    {"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": ["a", None]}, "POINT (1 2)",
    {"type": "Polygon", "coordinates": [[[18, 59], [18.1, 59], [18, 59.1], [18, 59]]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
    {"type": "GeometryCollection", "geometries": []}, {"type": "Point", "coordinates": [1e308, -1e308]},
    {"type": "MultiPoint", "coordinates": [[18, 59]]}, {"type": "LineString", "coordinates": [[18, 59], [19, 60]]},
)  # fmt: skip


def _as_geojson(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    one = random_.choice(_SHAPES)
    features = [
        {"type": "Feature", "geometry": random_.choice(_SHAPES) if random_.random() < 0.3 else one,
         "properties": {str(name): cell if isinstance(cell, str | int | bool | None) else str(cell)
                        for name, cell in zip(frame.columns, row, strict=True)}}
        for row in frame.itertuples(index=False, name=None)
    ]  # fmt: skip
    read: Any = {"type": "FeatureCollection", "features": features}
    if random_.random() < 0.4:
        read["crs"] = random_.choice([None, {"type": "name", "properties": {"name": "EPSG:3006"}}, {"type": "x"}, "x"])
    path.write_text(json.dumps(change_json(random_, read, random_.choice([0, 0, 1]))), "utf-8")


_WKT: tuple[str | None, ...] = (
    "POINT (674000 6580000)", "POINT (674000 6580000)", "POINT Z (674000 6580000 5)", "POINT EMPTY", None,
    "POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))", "LINESTRING (0 0, 1 1)", "MULTIPOINT ((674000 6580000))", "POLYGON EMPTY",
    "GEOMETRYCOLLECTION EMPTY",
)  # fmt: skip


def _as_geopackage(random_: random.Random, frame: pd.DataFrame, path: Path) -> None:
    import geopandas
    import shapely

    names = [str(one) if str(one).isidentifier() else f"c{at}" for at, one in enumerate(frame.columns)]
    plain = pd.DataFrame(
        {name: [_clean(one)[:100].replace("\x00", "") for one in frame.iloc[:, at]] for at, name in enumerate(names)}
    )
    plain = plain.loc[:, ~pd.Index([one.lower() for one in plain.columns], dtype=object).duplicated()]
    plain = plain.drop(columns=[one for one in plain if one.lower() in ("geometry", "geom", "fid")])
    first = random_.choice(_WKT)
    texts = [random_.choice(_WKT) if random_.random() < 0.2 else first for _ in range(len(frame))]
    shapes = [None if one is None else shapely.from_wkt(one) for one in texts]
    crs = random_.choice(["EPSG:3006", "EPSG:4326", None, "EPSG:3857"])
    for layer in random_.choice([["a"], ["a"], ["a", "b"]]):
        geopandas.GeoDataFrame(plain, geometry=shapes, crs=crs).to_file(path, layer=layer, engine="pyogrio")


_WRITERS: dict[str, Callable[[random.Random, pd.DataFrame, Path], None]] = {
    "csv": _as_text, "txt": _as_text, "tsv": _as_text, "xlsx": _as_workbook, "xls": _as_other_book,
    "parquet": _as_parquet, "json": _as_json, "px": _as_px, "geojson": _as_geojson, "gpkg": _as_geopackage,
}  # fmt: skip
_KINDS = ("csv",) * 5 + ("xlsx",) * 4 + ("parquet",) * 4 + ("txt", "tsv", "json", "px", "geojson", "gpkg", "xls")
_BYTES = (b"", b"\n", b"\x00" * 9, b"PK\x03\x04", b"PAR1", b"[" * 9000, b"{}", b";;\n" * 9, b"\xff\xfe",
          b"\xef\xbb\xbf", b"SQLite format 3\x00", b'"', b"null")  # fmt: skip


def write_table(random_: random.Random, frame: pd.DataFrame, folder: Path) -> Path:
    """Write a table as a file of some kind; one in seven is cut, has other bytes, another suffix, or is no table."""
    kind = random_.choice(_KINDS)
    path = folder / f"in.{kind}"
    _WRITERS[kind](random_, frame, path)
    return _hurt_file(random_, path) if random_.random() < 0.15 else path


def _hurt_file(random_: random.Random, path: Path) -> Path:
    content = bytearray(path.read_bytes())
    what = random_.randrange(5)
    if what == 0:
        del content[random_.randrange(len(content) + 1) :]
    elif what == 1:
        for _ in range(random_.choice([1, 5, 40]) if content else 0):
            content[random_.randrange(len(content))] = random_.randrange(256)
    elif what == 2:
        return path.rename(path.with_name(f"in{random_.choice(['', '.exe', '.CSV', '.ods', '.zip', *_DOTTED])}"))
    elif what == 3:
        content = bytearray(random_.choice(_BYTES))
    else:
        content = content * 2
    path.write_bytes(bytes(content))
    return path


_DOTTED = [f".{kind}" for kind in _WRITERS]
_VALUES = ("1", "-1", '"x"', "[]", "{}", "true", "0.5", "1e400", "nan", "inf", '""', "[1, 2]", "{ sd = -1 }", "9" * 30,
           '{ sv = "", en = "" }', "[[1]]", "2024-01-01", '["poor"]', "{ at_least = 0 }", "{ below = nan }", "0",
           "-0.0", '"poor"', '"\\u0000"', '"å\\n"', '{ kind = "z" }', "100000", f'"{"y" * 300}"')  # fmt: skip
_LINES = ("[steady]", "x = 1", "[[factors]]", "[index]", "[measured]", "a.b.c = 1", '[tiers]\nkind = "sd"\nat = [1]',
          "[typology]", "[regions]", "[shrinkage]", '[bands]\nkind = "quantiles"\ngroups = 0', "seed = -1",
          "[clusters]\nn_clusters = 0", "[[composite.groups]]", "[certainty]\ndraws = -1", 'areas = "own"',
          'marks = { "x" = "zero" }', '[clusters]\nmethod = "ward"\nn_clusters = 3', "\ufeff", "\x00",
          "[index]\nweights = { poor = -1 }")  # fmt: skip


def change_method(random_: random.Random, text: str) -> str:
    """Change one to three lines of a method or a definition."""
    lines = text.split("\n")
    for _ in range(random_.randint(1, 3)):
        lines = lines or [""]
        at, what = random_.randrange(len(lines)), random_.randrange(8)
        key, sign, _ = lines[at].partition("=")
        if what == 0:
            lines.pop(at)
        elif what <= 3 and sign:
            lines[at] = f"{key}= {random_.choice(_VALUES)}"
        elif what == 4:
            lines.insert(at, random_.choice(lines))
        elif what == 5:
            old = random_.choice(string.ascii_lowercase + '="{}[].')
            lines[at] = lines[at].replace(old, random_.choice(["", "å"]), 1)
        elif what == 6:
            lines.insert(at, random_.choice(_LINES))
        else:
            lines[at] = lines[at].replace("_n", "_d").replace("high", "low").replace("at_least", "exactly")
    return "\n".join(lines)


def tamper(random_: random.Random, release: Path) -> None:
    """Change a release: a file removed, cut or changed, a column less or of another type, the manifest, the method."""
    what = random_.randrange(6)
    path = random_.choice(sorted(one for one in release.rglob("*") if one.is_file()))
    manifest, method, tables = release / "manifest.json", release / "method.toml", sorted(release.glob("*.parquet"))
    if what == 2 and manifest.exists():
        read = change_json(random_, json.loads(manifest.read_text("utf-8")), random_.randint(1, 3))
        manifest.write_text(json.dumps(read), "utf-8")
    elif what == 3 and method.exists():
        method.write_bytes(change_method(random_, method.read_text("utf-8")).encode("utf-8", "replace"))
    elif what >= 4 and tables:
        _tamper_table(random_, random_.choice(tables), remove=what == 4)
    elif what == 0:
        path.unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[: random_.randrange(len(content) + 1)])


def _tamper_table(random_: random.Random, path: Path, *, remove: bool) -> None:
    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError):  # cut before
        return
    at = random_.randrange(table.num_columns)
    if remove:
        table = table.remove_column(at)
    else:
        kind = random_.choice([pa.string(), pa.null(), pa.float64(), pa.bool_()])
        fill = {pa.string(): "x", pa.float64(): -1.0, pa.bool_(): True}.get(kind)
        cells = pa.array([random_.choice([None, fill]) for _ in range(table.num_rows)], kind)
        table = table.set_column(at, table.column_names[at], cells)
    parquet.write_table(table, path)
