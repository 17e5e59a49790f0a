"""The codes of the rows of a table of factors: RegSO or DeSO, of which edition, or areas of the method's own."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import pandas as pd

from regso_cluster.areas.codes import ParsedCodes, parse_codes
from regso_cluster.areas.edition_table import edition_hint, edition_of_year, edition_years, list_years
from regso_cluster.areas.editions import check_edition, detect_edition
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.made_up import is_synthetic
from regso_cluster.files.numbers import as_text
from regso_cluster.files.raw_table import RawTable
from regso_cluster.files.totals import find_totals_as_text
from regso_cluster.method import Method
from regso_cluster.words.notes import Note


class RowCodes(NamedTuple):
    """The code of each row (NA where refused), whether the codes are of DeSO, and their edition where it is known."""

    codes: pd.Series
    by_deso: bool
    edition: int | None


def read_codes(
    raw: RawTable, method: Method, edition: int | None, year: int | None, faults: list[Fault], notes: list[Note]
) -> RowCodes:
    """Read the codes of all rows, tell DeSO from RegSO, and settle the edition; faults and notes are added (OUT)."""
    cells = raw.frame[method.table.code]
    where = f"{raw.name}, column {method.table.code}"
    if method.table.areas == "own":
        return RowCodes(_own_codes(raw, method, faults), False, None)
    text = cells.map(as_text)
    by_deso = bool(text.str.contains(r"^\d{3,4}[A-Ca-c]\d{4}", regex=True).mean() > 0.5)
    parsed = parse_codes(cells, "deso" if by_deso else "regso")
    if len(parsed.refused) > len(cells) / 2:
        raise InputError(_no_codes(text, where))
    _say_parsed(parsed, raw, method.table.code, faults, notes)
    edition = _one_edition({*parsed.editions, *([edition] if edition else [])}, where, faults)
    if by_deso:
        return RowCodes(parsed.codes, True, edition)
    if edition is None:
        edition = detect_edition(parsed.codes.dropna()) or (edition_of_year(year) if year else None)
    if edition not in edition_years():
        raise InputError(unknown_edition(where, str(edition)))
    faults += [
        dataclasses.replace(fault, where=f"{where}: {fault.where}" if fault.where else where)
        for fault in check_edition(parsed.codes.dropna(), edition)
    ]
    if year is not None and edition_of_year(year) != edition and not is_synthetic(raw.frame):  # no official table
        notes.append(Note("other_edition_than_year", edition=edition, year=year, official=edition_of_year(year)))
    return RowCodes(parsed.codes, False, edition)


def _own_codes(raw: RawTable, method: Method, faults: list[Fault]) -> pd.Series:
    """Give the codes of areas that only the method knows; a row without one, or with a total, is a fault."""
    column = method.table.code
    text = raw.frame[column].map(as_text)
    faults.extend(
        Fault("no code", f"{raw.name}, row {row}, column {column}", hint="Give every row its code.")
        for row in text.index[text == ""]
    )
    counted = [name for one in method.factors for name in one.columns]
    totals = find_totals_as_text(raw.frame, [name for name in counted if name in raw.frame], [column])
    faults.extend(
        Fault("a total, no area", f"{raw.name}, row {row}, column {column}", "one row an area", repr(label),
              "Remove the row: it would be counted as an area.")
        for row, label in zip(raw.frame.index[totals.rows], totals.labels, strict=True)
    )  # fmt: skip
    return text.where(text != "")


def _no_codes(text: pd.Series, where: str) -> Fault:
    """Refuse a column that mostly holds something else, as names."""
    names = bool(text.str.contains(r"\(.+\)$", regex=True).mean() > 0.5)
    hint = "Area names are not unique and have been swapped between codes: join on the code, never on the name."
    return Fault("names instead of codes" if names else "no RegSO codes", where, "codes such as 0114R001",
                 "; ".join(text.iloc[:2]),
                 hint if names else "Name the column of codes in the method: [table] code.")  # fmt: skip


def _say_parsed(parsed: ParsedCodes, raw: RawTable, column: str, faults: list[Fault], notes: list[Note]) -> None:
    """Say which cells were refused, repaired, or read beside a text."""
    hint = "Correct the code, or remove the row if it is no area (a total, a note)."
    for position, given, reason in parsed.refused[["position", "given", "reason"]].itertuples(index=False):
        where = f"{raw.name}, row {raw.frame.index[position]}, column {column}"
        faults.append(Fault(str(reason), where, got=repr(given), hint=hint))
    if len(parsed.repaired):
        first = parsed.repaired.iloc[0]
        notes.append(Note("codes_repaired", count=len(parsed.repaired), given=first["given"], code=first["code"]))
    if len(parsed.beside):
        first = parsed.beside.iloc[0]
        notes.append(Note("codes_beside_text", count=len(parsed.beside), given=first["given"], code=first["code"]))


def _one_edition(said: set[int], where: str, faults: list[Fault]) -> int | None:
    """Settle the edition by what was said of it: by suffixes of codes and by the caller."""
    if len(said) > 1:
        hint = "A table is of one edition: say the one of its codes, or take rows of other editions out."
        got = ", ".join(str(one) for one in sorted(said))
        faults.append(Fault("code suffixes of another edition", where, "one edition", got, hint))
    return max(said, default=None)


def unknown_edition(where: str, got: str = "") -> Fault:
    """Refuse codes that show no edition."""
    return Fault("the edition of the codes cannot be told", where, list_years("or"), got, edition_hint())
