"""A workbook for a person: a cover, the areas, the groups, the method, what each column means."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regso_cluster.exports.workbook_cover import cover_rows, method_rows
from regso_cluster.files.sheet_writing import SYNTHETIC, write_sheet
from regso_cluster.files.workbooks import new_workbook
from regso_cluster.maps.colours import map_colours
from regso_cluster.schema import SCHEMA, Table
from regso_cluster.schema import columns as c
from regso_cluster.words.columns import describe_columns, head_columns
from regso_cluster.words.notes import Language
from regso_cluster.words.wording import in_language, mark_of, say

if TYPE_CHECKING:
    from regso_cluster.release.model import Release


def write_workbook(release: Release, path: Path, *, language: Language = "sv") -> None:
    """Write a release as a workbook.

    Sheets: cover, areas, groups, what became of the clusters (with a previous release), method, columns. Headings are
    words of the language; the sheet of columns gives the name that each has in the other formats. Codes stay text,
    text is never a formula or a link, numbers keep all digits that a cell holds (16).
    """
    # the date of the workbook is that of the release: the same release gives the same bytes
    created = dt.datetime.fromisoformat(release.manifest["created"]).replace(tzinfo=None)
    synthetic = bool(release.manifest["synthetic"])
    title = f"{say(release.method.title, language)} {release.year}"
    with new_workbook(path, title=title, created=created, synthetic=synthetic) as book:
        _fill_workbook(book, release, language)


def _fill_workbook(book: Any, release: Release, language: Language) -> None:
    synthetic = bool(release.manifest["synthetic"])
    other = c.NAME_EN if language == "sv" else c.NAME_SV
    tables: dict[str, tuple[Table, pd.DataFrame]] = {
        mark_of("areas", language): ("areas", _in_reading_order(release, language)),
        mark_of("groups", language): ("groups", release.groups.drop(columns=other, errors="ignore")),
    }
    if release.lineage is not None:
        tables[mark_of("lineage", language)] = ("lineage", release.lineage.drop(columns=other, errors="ignore"))
    _write_cover(book, release, language, synthetic=synthetic)
    explained = []
    for name, (table, frame) in tables.items():
        meant = describe_columns(frame.columns, release.method, table)
        heads = head_columns(frame.columns, release.method, table)
        shown = _name_groupings(frame, release, language) if table == "groups" else frame
        sheet = write_sheet(
            book, name, shown, synthetic=synthetic, frozen_columns=2 if table == "areas" else 0,
            headings=meant, labels=list(heads[language]), language=language,
        )  # fmt: skip
        if table == "areas":
            _colour_groups(book, sheet, frame, release)
        explained.append(_explain(meant, heads, name, language))
    write_sheet(book, mark_of("method", language), method_rows(release, language), synthetic=synthetic)
    write_sheet(book, mark_of("columns", language), pd.concat(explained, ignore_index=True), synthetic=synthetic)


def _in_reading_order(release: Release, language: Language) -> pd.DataFrame:
    """Put what a reader looks for first: which area, which groups, which rank; then everything else as it stands."""
    areas = in_language(release.areas.reset_index(), release.groups, language)
    first = [areas.columns[0], *(name for name in SCHEMA.first if name in areas)]
    return areas[[*first, *(name for name in areas.columns if name not in first)]]


def _colour_groups(book: Any, sheet: Any, areas: pd.DataFrame, release: Release) -> None:
    """Colour the first grouping as the map does."""
    grouping = str(next(iter(release.groups.get(c.GROUPING, [])), ""))
    if grouping not in areas or areas.empty:
        return
    groups = release.groups[(release.groups[c.GROUPING] == grouping) & release.groups[c.GROUP].notna()]
    top, place = 1 + int(release.manifest["synthetic"]), list(areas.columns).index(grouping)
    for number, colour in zip(groups[c.GROUP], map_colours(grouping, groups), strict=True):
        dark = sum(int(colour[at : at + 2], 16) for at in (1, 3, 5)) < 3 * 128
        fill = book.add_format({"bg_color": colour, "font_color": "#ffffff" if dark else "#000000"})
        rule = {"type": "cell", "criteria": "==", "value": int(number), "format": fill}
        sheet.conditional_format(top, place, top + len(areas) - 1, place, rule)


def _name_groupings(groups: pd.DataFrame, release: Release, language: Language) -> pd.DataFrame:
    """Call each grouping what the sheet of areas calls it."""
    if groups.empty:
        return groups
    present = [name for name in dict.fromkeys(groups[c.GROUPING]) if name in release.areas]
    heads = head_columns(present, release.method).set_index("column")[language]
    return groups.assign(grouping=groups[c.GROUPING].map(lambda name: heads.get(name, name)))


def _explain(meant: pd.DataFrame, heads: pd.DataFrame, sheet: str, language: Language) -> pd.DataFrame:
    unit = list(meant[f"unit_{language}"])
    words = {
        "sv": ("Blad", "Rubrik", "Betyder", "Enhet", "Namn i andra format"),
        "en": ("Sheet", "Heading", "Means", "Unit", "Name in other formats"),
    }[language]
    columns = (sheet, heads[language], meant[language], unit, meant["column"])
    return pd.DataFrame(dict(zip(words, columns, strict=True)))


def _write_cover(book: Any, release: Release, language: Language, *, synthetic: bool) -> None:
    sheet = book.add_worksheet(mark_of("cover", language))
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 5, 12)
    formats = {
        "title": book.add_format({"bold": True, "font_size": 18}),
        "lead": book.add_format({"text_wrap": True, "valign": "top"}),
        "head": book.add_format({"bold": True, "bottom": 1, "valign": "top"}),
        "right": book.add_format({"bold": True, "bottom": 1, "align": "right"}),
        "mark": book.add_format({"bold": True, "font_color": "#b5305f"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "number": book.add_format({"num_format": "#,##0", "valign": "top"}),
        "share": book.add_format({"num_format": "0.0", "valign": "top"}),
        "sure": book.add_format({"num_format": "0 %", "valign": "top"}),
    }
    row = 0
    if synthetic:
        sheet.write_string(row, 0, SYNTHETIC, formats["mark"])
        row += 1
    for kind, cells in cover_rows(release, language):
        if kind == "title":
            sheet.set_row(row, 26)
        elif kind in ("lead", "text"):
            wide = 26 + 44 + 36 if kind == "lead" else 44 + 36
            sheet.merge_range(row, 0 if kind == "lead" else 1, row, 4, "", formats["text"])
            sheet.set_row(row, 15 * max(1, -(-len(cells[-1]) // (wide - 2))))
        for number, cell in enumerate(cells):
            if isinstance(cell, str):
                right = kind == "head" and number >= 2
                style = "right" if right else {"row": "text"}.get(kind, kind)
                sheet.write_string(row, number, cell, formats["text" if kind == "text" and number == 0 else style])
            elif cell is not None and not pd.isna(cell):
                style = {4: "share", 5: "sure"}.get(number, "number") if isinstance(cell, float) else "number"
                sheet.write_number(row, number, float(cell), formats[style])
        row += 1
