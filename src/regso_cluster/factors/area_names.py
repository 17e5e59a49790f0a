"""Names of areas from a table of codes and names, for editions and tables that have none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from regso_cluster.areas.codes import kommun_of, parse_codes
from regso_cluster.areas.edition_table import edition_years
from regso_cluster.areas.editions import area_names, code_set, detect_edition
from regso_cluster.errors import Fault, InputError
from regso_cluster.files.numbers import as_text
from regso_cluster.files.tables import read_table
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

_HEADINGS = ("regsonamn", "regso_namn", "regso_name", "namn", "name", "områdesnamn", "area_name")
_SHARE = 0.9  # of the rows that have a code or a text, where a column is one of codes or of texts


@dataclass(frozen=True)
class Names:
    """Names of areas from a file: text by RegSO code, the edition of the codes, and whether they were asked for."""

    file: str
    names: pd.Series
    edition: int | None
    given: bool

    def into(self, areas: pd.DataFrame, edition: int, notes: list[Note]) -> list[Fault]:
        """Write the names into the column `name` of `areas` (by code, OUT); give what is wrong.

        Names that were asked for come before those of the table; those of a key fill what is empty. Names of another
        edition are not taken: where the names of the table's edition are at hand that is a note, else a fault.
        """
        other = self.edition or edition
        unknown = self.names.index.difference(pd.Index(code_set(edition)))
        if other == edition and len(unknown) > (1 - _SHARE) * len(self.names):
            others = [one for one in edition_years() if one != edition]
            lacking = {one: len(self.names.index.difference(pd.Index(code_set(one)))) for one in others}
            other = min(others, key=lambda one: lacking[one], default=edition)
        if other != edition:
            if area_names(edition)[c.NAME].notna().all():
                notes.append(Note("names_of_other_edition", file=self.file, other=other, edition=edition))
                return []
            hint = "The same code can be another area: give the names of the edition of the table."
            return [Fault("names of another edition", self.file, str(edition), str(other), hint)]
        if self.given and len(unknown):
            hint = "Correct the code, or remove the row."
            return [Fault(f"a name of an area that RegSO {edition} does not have", f"{self.file}, {code}", hint=hint)
                    for code in unknown]  # fmt: skip
        own = self.names.reindex(areas.index)
        taken = own.notna() if self.given else own.notna() & areas[c.NAME].isna()
        areas[c.NAME] = own.where(taken, areas[c.NAME].astype("string"))
        if taken.any():
            notes.append(Note("names_taken", count=taken.sum(), file=self.file))
        return []


def read_names(path: str | Path) -> tuple[pd.Series, int | None]:
    """Read the name of each RegSO from a table that has a column of codes and one of names.

    The columns are found by their content; rows may repeat an area, as in a key from DeSO to RegSO.

    Returns
    -------
    names : (n_areas,) text by RegSO code; areas without a name are left out
    edition : of the codes; None where they do not show it

    Raises
    ------
    InputError  no column of RegSO codes or of names, or several; a cell that is no code; an area with two names
    """
    found = _find(path)
    raw_name, codes, column, names, edition = found
    if column is None:
        hint = "Add a column of names, one name an area, headed name."
        raise InputError(Fault("no column of names", raw_name, "a name for each RegSO code", hint=hint))
    blank = codes.isna() & names.ne("")
    hint = "Correct the code, or remove the row if it is no area (a total, a note)."
    faults = [Fault("a name without a RegSO code", f"{raw_name}, row {row}", hint=hint) for row in codes.index[blank]]
    pairs = pd.DataFrame({"code": codes, c.NAME: names})[codes.notna() & names.ne("")].drop_duplicates()
    hint = "Leave the one name that is right."
    faults += [
        Fault("an area with two names", f"{raw_name}, {code}", got=", ".join(map(repr, own[c.NAME])), hint=hint)
        for code, own in pairs[pairs["code"].duplicated(keep=False)].groupby("code")
    ]
    if faults:
        raise InputError(faults)
    return pairs.set_index("code")[c.NAME].astype("string"), edition


def names_of_key(path: str | Path) -> pd.Series | None:
    """Read the names that a key from DeSO to RegSO holds beside its codes; None where there are none for certain."""
    try:
        return read_names(path)[0]
    except InputError:
        return None


def _find(path: str | Path) -> tuple[str, pd.Series, str | None, pd.Series, int | None]:
    """Find the column of codes and that of names; the column of names is None where there is none."""
    raw = read_table(path)
    parsed = {column: parse_codes(raw.frame[column], "regso") for column in raw.frame.columns}
    coded = [column for column, one in parsed.items() if one.codes.notna().mean() > _SHARE]
    listed = ", ".join(map(repr, raw.frame.columns))
    if not coded:
        got = f"columns {listed}"
        hint = "Names are joined on the code: give a table with both."
        raise InputError(Fault("no column of RegSO codes", raw.name, "codes such as 0114R001", got, hint))
    codes = parsed[coded[0]].codes
    if any(not parsed[column].codes.equals(codes) for column in coded[1:]):
        hint = "Leave the one column that is meant."
        raise InputError(
            Fault("columns of different RegSO codes", raw.name, got=", ".join(map(repr, coded)), hint=hint)
        )
    edition = detect_edition(codes.dropna()) or max(parsed[coded[0]].editions, default=None)
    texts = {column: raw.frame[column].map(as_text) for column in raw.frame.columns if column not in coded}
    named = [column for column, text in texts.items() if _are_names(codes, text)]
    by_heading = [column for column in named if str(column).strip().lower() in _HEADINGS]
    chosen = by_heading or named
    if len(chosen) > 1 and any(not texts[column].equals(texts[chosen[0]]) for column in chosen[1:]):
        hint = "Head the right one name, or leave it alone."
        raise InputError(Fault("several columns of names", raw.name, got=", ".join(map(repr, chosen)), hint=hint))
    column = str(chosen[0]) if chosen else None
    return raw.name, codes, column, texts[column] if column else pd.Series("", codes.index), edition


def _are_names(codes: pd.Series, text: pd.Series) -> bool:
    """Whether a column holds names of areas: words, one an area, that differ within a kommun."""
    known = codes.notna() & text.ne("")
    if known.sum() < _SHARE * codes.notna().sum() or not text[known].str.contains(r"[^\W\d_]{2}", regex=True).all():
        return False
    if parse_codes(text[known], "deso").codes.notna().any() or parse_codes(text[known], "kommun").codes.notna().any():
        return False
    pairs = pd.DataFrame({"code": codes[known], c.NAME: text[known]}).drop_duplicates()
    if pairs["code"].duplicated().mean() > 1 - _SHARE:  # of parts of an area, not of areas
        return False
    kommun = kommun_of(pairs["code"])
    areas, names = pairs["code"].groupby(kommun).nunique(), pairs[c.NAME].groupby(kommun).nunique()
    return bool((areas == 1).all() or (names[areas > 1] > 1).any())
