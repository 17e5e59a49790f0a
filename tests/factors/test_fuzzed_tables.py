"""Drawn tables whose true figures are known, written and damaged in drawn ways: read right, or refused in words.

A case is a seed: figures, a dialect and a kind of file, the order of rows and columns, rows around the table, marks of
missing cells, and up to two kinds of damage. 40 run by default; REGSO_FUZZED_TABLES=2000 runs that many, and
REGSO_FUZZED_FIRST sets the first.
"""

from __future__ import annotations

import csv
import io
import math
import os
import random
from collections import Counter

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from regso_cluster.areas.editions import code_set
from regso_cluster.errors import InputError
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import parse_method
from tests.files.books import write_ods

CASES = int(os.environ.get("REGSO_FUZZED_TABLES", "40"))
FIRST = int(os.environ.get("REGSO_FUZZED_FIRST", "1"))
METHOD = parse_method(
    """
name = "fuzzed"
title = { sv = "Prov", en = "Trial" }
description = { sv = "", en = "" }
[table]
coverage = "partial"
population = "population"
[[factors]]
key = "poor"
name = { sv = "a", en = "a" }
numerator = "poor_n"
denominator = "poor_d"
unit = "per cent"
worse = "high"
[[factors]]
key = "voted"
name = { sv = "b", en = "b" }
value = "voted_pct"
unit = "per cent"
worse = "low"
[[factors]]
key = "income"
name = { sv = "c", en = "c" }
value = "income"
unit = "score"
worse = "low"
[index]
scale = { kind = "z" }
""",
    "fuzzed.toml",
)
COLUMNS = ("population", "poor_n", "poor_d", "voted_pct", "income")
MARKS = ("", "..", "..", ".", "…", "-", "–")
THOUSANDS = ("", "", "", "", " ", "\u00a0", "\u202f", ".", ",", "'")
NAMES = ("Åsen", "Öster, norra", "Västra Sjö", "Café Örn")


def draw_figures(source):
    """Draw what is true: 10 to 30 areas, NaN where a figure is missing."""
    codes = source.sample(list(code_set(2025)), source.randint(10, 30))
    large = source.choice([1, 1, 10])
    rows = []
    for _ in codes:
        residents = source.randint(300, 4000) * large
        persons = source.randint(200, residents)
        row = [residents, source.randint(0, persons), persons, round(source.uniform(20, 99), source.randint(0, 2)),
               round(source.uniform(90, 900), source.choice([0, 1, 3]))]  # fmt: skip
        rows.append([math.nan if at and source.random() < 0.04 else float(cell) for at, cell in enumerate(row)])
    return pd.DataFrame(rows, columns=list(COLUMNS), index=codes)


def as_written(value, mark, thousands, missing):
    if math.isnan(value):
        return missing
    text = np.format_float_positional(value, trim="-")
    whole, _, part = text.partition(".")
    whole = f"{int(whole):,}".replace(",", thousands) if thousands else whole
    return f"{whole}{mark}{part}" if part else whole


def draw_grid(source, truth, typed):
    """Draw the cells of a file, headings first, and what was done to them."""
    mark = source.choice([".", ","])
    thousands = source.choice([one for one in THOUSANDS if one != mark])
    missing = source.choice(MARKS)

    def cell(value):
        if typed and source.random() < 0.9:
            return None if math.isnan(value) else int(value) if value % 1 == 0 else value
        return as_written(value, mark, thousands, missing)

    suffix = source.choice(["", "", "", "_RegSO2025"])
    head = ["regso", *COLUMNS]
    rows = [[code + suffix, *map(cell, row)] for code, row in zip(truth.index, truth.to_numpy(), strict=True)]
    if source.random() < 0.4:
        place = source.randint(1, len(head))
        head.insert(place, "name")
        for row in rows:
            row.insert(place, source.choice(NAMES))
    if source.random() < 0.3:
        head.append("year")
        year = source.choice(["2024", "2024.0", "2024-12-31"])
        for row in rows:
            row.append(year)
    order = [0, *source.sample(range(1, len(head)), len(head) - 1)] if source.random() < 0.3 else range(len(head))
    head, rows = [head[at] for at in order], [[row[at] for at in order] for row in rows]
    if source.random() < 0.5:
        source.shuffle(rows)
    return head, rows, cell


def total_row(source, head, truth, cell):
    sums = truth.sum()
    label = source.choice(["Summa", "Totalt", "Riket", "", "Total"])
    return [label if name == "regso" else cell(float(sums[name])) if name in truth and name != "voted_pct" else ""
            for name in head]  # fmt: skip


def other_year(source, head, rows):
    """The same areas a year before, with other figures."""
    at = head.index("year")
    return [[str(2023) if place == at else part if place == head.index("regso") else "7"
             for place, part in enumerate(row)] for row in rows]  # fmt: skip


def damage(source, head, rows, truth, cell):  # noqa: PLR0912  # a branch a kind of damage
    """Do up to two things to a table: lines around it, doubled or broken rows, cells that are no figures."""
    above, below, done = [], [], []
    wide = len(head)
    for what in source.sample(range(16), source.choice([0, 1, 1, 2])):
        row = source.randrange(len(rows))
        spot = source.choice([at for at, name in enumerate(head) if name in COLUMNS])
        if what == 0:
            above = [["Tabell 1. Områden"], []]
        elif what == 1:
            below = [[], ["Källa: SCB"]]
        elif what == 2:
            rows.append(total_row(source, head, truth, cell))
        elif what == 3:
            rows.insert(source.randint(0, len(rows)), list(rows[row]))  # a row twice
        elif what == 4:
            rows.append([part if at != spot else "17" for at, part in enumerate(rows[row])])  # twice, unlike
        elif what == 5:
            rows.insert(row, list(head))  # the headings again, as on every page of a print
        elif what == 6:
            rows[row] = rows[row][:spot] + rows[row][spot + 1 :]  # a cell short
        elif what == 7 and rows[row][-1] not in (None, ""):  # nothing is pushed out of the table otherwise
            rows[row] = [*rows[row][:spot], "3", *rows[row][spot:]]  # a cell too many
        elif what == 8:
            rows[row][spot] = source.choice(["x", "#REF!", "1--5", "1e400", "5 000 kr", "ca 40", "1/2"])
        elif what == 9:
            rows.insert(row, [""] * wide)
        elif what == 10:
            rows[row][head.index("regso")] = source.choice(["0114", "2599R001", "", "Åsen", "0114R1"])
        elif what == 11 and "year" in head:
            rows += other_year(source, head, rows)
        elif what == 12:
            head = [name.upper() if at == spot else name for at, name in enumerate(head)]
        elif what == 13:
            head = [name if at != spot else source.choice([name + " ", "", "regso"]) for at, name in enumerate(head)]
        elif what == 14:
            head, rows = [*head, head[spot]], [[*one, "1"] for one in rows]  # a heading twice
        else:
            rows[row][spot] = f" {rows[row][spot]}\u00a0" if rows[row][spot] is not None else None
        done.append(what)
    return [*above, head, *rows, *below], done


def write_grid(source, grid, folder):
    kind = source.choice(["csv"] * 6 + ["txt", "tsv", "xlsx", "xlsx", "ods", "parquet"])
    path = folder / f"t.{kind}"
    width = max(map(len, grid))
    if kind in ("csv", "txt", "tsv"):
        out = io.StringIO()
        csv.writer(out, delimiter="\t" if kind == "tsv" else source.choice([",", ";", "\t", "|"]),
                   quoting=source.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
                   lineterminator=source.choice(["\n", "\r\n"])).writerows(grid)  # fmt: skip
        path.write_bytes(out.getvalue().encode(source.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), "replace"))
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        for row in grid:
            book.active.append(row)
        if source.random() < 0.2:
            book.create_sheet("Info").append(["Om tabellen"])
        book.save(path)
    elif kind == "ods":
        write_ods(path, {"a": [[cell if cell is not None else "" for cell in row] for row in grid]})
    else:
        head = [str(cell) for cell in grid[0]] + [""] * (width - len(grid[0]))
        below = [[*row, *[None] * (width - len(row))] for row in grid[1:]]
        columns = [[None if row[at] is None else str(row[at]) for row in below] for at in range(width)]
        parquet.write_table(pa.Table.from_arrays([pa.array(one, pa.string()) for one in columns], head), path)
    return path


def cut(source, path):
    """Cut the end of a file; of a text file the last cell that is left may be a part of what it was."""
    content = path.read_bytes()
    path.write_bytes(content[: source.randrange(len(content) // 3, len(content))])


def run(seed, folder):
    """Read one drawn table; give how it ended and what differs."""
    source = random.Random(seed)  # noqa: S311
    truth = draw_figures(source)
    head, rows, cell = draw_grid(source, truth, typed=source.random() < 0.4)
    grid, done = damage(source, head, rows, truth, cell)
    path = write_grid(source, grid, folder)
    was_cut = source.random() < 0.06
    if was_cut:
        cut(source, path)
    try:
        got = read_factors(path, METHOD, year=2024)
    except InputError:
        return "refused", [], done
    if 6 in done and path.suffix not in (".csv", ".txt", ".tsv"):
        return "read", [], done  # a workbook holds no row that is a cell short: its last cell is an empty one
    if was_cut and any(note.code == "no_last_line_break" for note in got.notes):
        return "read and told", [], done
    different = []
    known = [code for code in got.areas.index if code in truth.index]
    # what stands in no row of the file is missing; no other area has a figure
    foreign = [code for code in got.areas.index if code not in truth.index and got.value.loc[code].notna().any()]
    different += [(code, "an area that is none of the table") for code in foreign if 10 not in done]
    read = {"population": got.areas["population"], "poor_n": got.numerator["poor"], "poor_d": got.denominator["poor"],
            "voted_pct": got.value["voted"], "income": got.value["income"]}  # fmt: skip
    for code in known:
        for name in COLUMNS:
            own, true = float(read[name].loc[code]), truth.loc[code, name]
            if name in ("poor_n", "poor_d") and truth.loc[code, ["poor_n", "poor_d"]].isna().any():
                continue  # of a rate that is not known neither part is kept
            if math.isnan(own) and (was_cut or 8 in done):
                continue  # a part of the file is not there; a cell that is no figure may be a missing one
            if not (math.isnan(own) and math.isnan(true)) and not np.isclose(own, true, rtol=1e-12, atol=0):
                different.append((code, name, own, true))
    if len(known) < len(truth) and not was_cut and 10 not in done:
        different.append(("areas are gone", len(truth) - len(known)))
    return "read", different, done


@pytest.mark.parametrize("start", range(FIRST, FIRST + CASES, 20))
def test_a_drawn_table_is_read_right_or_refused(start, tmp_path):
    ended = Counter()
    for seed in range(start, min(start + 20, FIRST + CASES)):
        how, different, done = run(seed, tmp_path)
        assert not different, f"seed {seed}, damage {done}"
        ended[how] += 1
    assert ended["read"] or start > 40  # both roads are tried; of 20 others all may be refused
