"""Read whatever was published: every file as text, and every table in it with a column of area codes."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

CODE = re.compile(r"\d{4}R\d{3}")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_TEXT = {".json", ".toml", ".txt", ".md", ".html", ".htm", ".csv", ".px", ".svg", ".xml", ".geojson", ".qml"}
CODES = "code"


@dataclass(frozen=True)
class Exhibit:
    """A table found in a file.

    Parameters
    ----------
    source : the file, and the part of it
    year : that it is of; 0 where nothing says it
    table : its columns as they are headed there, beside `code`, that of the area
    """

    source: str
    year: int
    table: pd.DataFrame


@dataclass(frozen=True)
class Evidence:
    """All that was found.

    Parameters
    ----------
    exhibits : tables by area
    groups : tables of groups, as they are in releases
    texts : by file, everything in it that is text
    methods : by year, what a method file says
    """

    exhibits: tuple[Exhibit, ...]
    groups: tuple[Exhibit, ...]
    texts: dict[str, str]
    methods: dict[int, dict[str, Any]]


def read_evidence(paths: Iterable[str | Path]) -> Evidence:
    """Read files and folders.

    Parameters
    ----------
    paths : releases, and whatever was made of them: workbooks, PC-Axis, JSON-stat, GeoPackage, CSV, pages, texts

    Returns
    -------
    Evidence; a file of no known kind is read as text
    """
    exhibits: list[Exhibit] = []
    groups: list[Exhibit] = []
    texts: dict[str, str] = {}
    methods: dict[int, dict[str, Any]] = {}
    for file in _files(paths):
        year = _year_of(file)
        for found in _read_tables(file, year):
            (exhibits if CODES in found.table else groups).append(found)
        texts[str(file)] = _read_text(file)
        if file.suffix == ".toml":
            methods[year] = tomllib.loads(texts[str(file)])
    return Evidence(tuple(exhibits), tuple(groups), texts, methods)


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        yield from (sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path])


def _year_of(file: Path) -> int:
    """Read the year from the manifest beside a file, else from its name or that of its folder."""
    manifest = file.parent / "manifest.json"
    if manifest.is_file():
        return int(json.loads(manifest.read_text("utf-8"))["year"])
    found = _YEAR.findall(file.stem) or _YEAR.findall(file.parent.name)
    return int(found[-1]) if found else 0


def _read_text(file: Path) -> str:
    """Give all text of a file: of a workbook its cells, of a page also what is packed in it."""
    if file.suffix in {".html", ".htm"}:
        text = file.read_text("utf-8")
        return text + json.dumps(_unpack_page(text), ensure_ascii=False)
    if file.suffix in _TEXT:
        return file.read_text("utf-8-sig", errors="replace")
    tables = [found.table for found in _read_all(file)]
    return "\n".join(table.to_csv(sep="\t", index=False) for table in tables)


def _read_tables(file: Path, year: int) -> Iterator[Exhibit]:
    for found in _read_all(file):
        table = found.table
        column = next((name for name in table if _holds_codes(table[name])), None)
        of = found.year or year
        if column is not None:
            kept = table[table[column].astype(str).str.fullmatch(CODE)]
            yield Exhibit(found.source, of, kept.rename(columns={column: CODES}).reset_index(drop=True))
        elif {"grouping", "group"} <= set(table.columns):
            yield Exhibit(found.source, of, table)


def _holds_codes(cells: pd.Series) -> bool:
    known = cells.dropna().astype(str)
    return len(known) > 0 and bool(known.str.fullmatch(CODE).mean() > 0.5)


def _read_all(file: Path) -> Iterator[Exhibit]:
    """Give every table of a file, whatever it is of."""
    readers = {
        ".parquet": _parquet, ".csv": _csv, ".xlsx": _workbook, ".gpkg": _geopackage, ".px": _px,
        ".json": _json, ".html": _page, ".htm": _page,
    }  # fmt: skip
    reader = readers.get(file.suffix)
    if reader:
        yield from reader(file)


def _parquet(file: Path) -> Iterator[Exhibit]:
    yield Exhibit(str(file), 0, pd.read_parquet(file))


def _csv(file: Path) -> Iterator[Exhibit]:
    text = file.read_text("utf-8-sig")
    mark = max(",;\t", key=text.split("\n", 1)[0].count)
    yield Exhibit(str(file), 0, pd.read_csv(file, sep=mark, dtype=str, encoding="utf-8-sig"))


def _workbook(file: Path) -> Iterator[Exhibit]:
    for name, sheet in pd.read_excel(file, sheet_name=None, header=None, dtype=object, engine="calamine").items():
        rows = sheet.to_numpy(object).tolist()
        at = next((n for n, row in enumerate(rows) if any(CODE.fullmatch(str(cell)) for cell in row)), None)
        if at:
            yield Exhibit(f"{file}, {name}", 0, _frame(rows[at:], [str(cell) for cell in rows[at - 1]]))
        elif rows:
            yield Exhibit(f"{file}, {name}", 0, _frame(rows, [f"column {n}" for n in range(len(rows[0]))]))


def _frame(rows: Sequence[Sequence[Any]], heads: list[str]) -> pd.DataFrame:
    named = [head if heads.index(head) == at else f"{head} ({at})" for at, head in enumerate(heads)]
    return pd.DataFrame([list(row)[: len(named)] for row in rows], columns=named, dtype=object)


def _geopackage(file: Path) -> Iterator[Exhibit]:
    base = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        for (name,) in base.execute("SELECT table_name FROM gpkg_contents").fetchall():
            columns = [row[1] for row in base.execute(f'PRAGMA table_info("{name}")') if row[1] != "geom"]
            listed = ", ".join(f'"{column}"' for column in columns)
            rows = base.execute(f'SELECT {listed} FROM "{name}"').fetchall()  # noqa: S608  names of its own columns
            yield Exhibit(f"{file}, {name}", 0, pd.DataFrame(rows, columns=columns))
    finally:
        base.close()


def _px(file: Path) -> Iterator[Exhibit]:
    """Read PC-Axis: areas in the stub, contents in the heading."""
    text = file.read_text("utf-8-sig")
    said = dict(re.findall(r"^([A-Z\-]+(?:\([^)]*\))?)=((?:\"[^\"]*\"|[^\";])*);", text, re.MULTILINE))
    codes = [re.findall(r'"([^"]*)"', value) for key, value in said.items() if key.startswith("CODES(")]
    data = [None if cell.startswith('"') else float(cell) for cell in said["DATA"].split()]
    areas = next(one for one in codes if one and CODE.fullmatch(one[0]))
    contents = next(one for one in codes if one is not areas and len(one) * len(areas) == len(data))
    rows = [data[at * len(contents) : (at + 1) * len(contents)] for at in range(len(areas))]
    yield Exhibit(str(file), 0, pd.DataFrame(rows, columns=contents).assign(code=areas))


def _json(file: Path) -> Iterator[Exhibit]:
    """Read JSON-stat, and every list of objects in other JSON."""
    found = json.loads(file.read_text("utf-8"))
    if isinstance(found, dict) and found.get("class") == "dataset":
        index = [found["dimension"][name]["category"]["index"] for name in found["id"]]
        names = [list(one) for one in index]
        areas = next(at for at, one in enumerate(names) if CODE.fullmatch(str(one[0])))
        grid = pd.MultiIndex.from_product(names)
        values = found["value"]
        cells = values if isinstance(values, list) else [values.get(str(at)) for at in range(len(grid))]
        long = pd.DataFrame({"value": cells, "code": grid.get_level_values(areas)})
        others = [
            grid.get_level_values(at).astype(str) for at in range(len(names)) if at != areas and len(names[at]) > 1
        ]
        long["heading"] = others[0] if others else "value"
        wide = long.pivot(index="code", columns="heading", values="value").reset_index()
        yield Exhibit(str(file), 0, wide)
        return
    yield from _lists(found, str(file))


def _lists(found: Any, source: str) -> Iterator[Exhibit]:
    if isinstance(found, dict):
        for name, inner in found.items():
            yield from _lists(inner, f"{source}, {name}")
    elif isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
        yield Exhibit(source, 0, pd.DataFrame(found))


def _unpack_page(text: str) -> Any:
    packed = re.search(r'id="data">([^<]+)<', text)
    return json.loads(gzip.decompress(base64.b64decode(packed[1]))) if packed else {}


def _page(file: Path) -> Iterator[Exhibit]:
    """Read the data of a page: every list as long as that of the areas is a column of them."""
    found = _unpack_page(file.read_text("utf-8"))
    codes = found.get("areas", {}).get("code", [])
    for year in found.get("years", []):
        columns = dict(_columns(year, "", len(codes)))
        yield Exhibit(f"{file}, {year['year']}", int(year["year"]), pd.DataFrame(columns).assign(code=codes))
    for name, inner in found.items():
        if name not in ("years", "maps", "areas"):
            yield from _lists(inner, f"{file}, {name}")


def _columns(found: Any, name: str, size: int) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(found, dict):
        for key, inner in found.items():
            yield from _columns(inner, f"{name}.{key}".lstrip("."), size)
    elif isinstance(found, list) and len(found) == size > 1 and not isinstance(found[0], dict | list):
        yield name, found
