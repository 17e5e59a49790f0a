"""From the codes in a table to the areas of a release: RegSO, DeSO through a key, kommuner by code or name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.edition_table import (
    canonical_year,
    edition_table,
    edition_years,
    list_crosswalks,
    list_years,
)
from regso_cluster.areas.editions import code_set, detect_edition
from regso_cluster.areas.names import kommun_of_name
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.deso import read_deso_key
from regso_cluster.files.numbers import as_text
from regso_cluster.joining.choose_crosswalk import Bridge, choose_crosswalk
from regso_cluster.joining.match_report import Matches
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

KINDS = ("regso", "deso", "kommun")
_SUFFIX = r"[_ (]REGSO[_ ]?(20\d\d)(?!\d)"
_WHOLE = 0.99  # of the residents: so much of an area in one other is all of it, as in `areas.crosswalk.mark_areas`


@dataclass(frozen=True)
class Keyed:
    """What is needed to match codes with the areas of a release.

    Parameters
    ----------
    areas : codes of the release, in order
    edition : of the release; None for areas of its own
    said : edition of the table's codes as the user says; None to tell it from the codes
    crosswalk : file of shares between two editions; None takes one that the package has, if there is one
    deso_key : file of DeSO and RegSO codes; None where there is none
    """

    areas: pd.Index
    edition: int | None
    said: int | None = None
    crosswalk: Path | None = None
    deso_key: Path | None = None


def kind_of(keys: pd.Series, edition: int | None, where: str) -> str:
    """Tell what a column holds: the kind that most of its distinct texts can be read as.

    Raises
    ------
    InputError  most are of no kind; names of areas, which are not unique
    """
    if edition is None:
        return "area"
    texts = pd.Series(pd.unique(keys.map(as_text)))
    texts = texts[texts != ""]
    shares = (
        {kind: float(parse_codes(texts, kind).codes.notna().mean()) for kind in ("regso", "deso")} if len(texts) else {}
    )
    if len(texts):
        kommun = parse_codes(texts, "kommun").codes.notna() | texts.map(kommun_of_name).notna().to_numpy()
        shares["kommun"] = float(kommun.mean())
    best = max(shares, key=lambda kind: shares[kind], default="")
    if shares.get(best, 0.0) >= 0.5:
        return best
    hint = "Name the column of RegSO, DeSO or kommun codes, or two columns of coordinates as X,Y; or say --as regso."
    if any(re.search(r"\(.+\)", text) for text in texts[:100]):
        hint = "Names of areas are unique only inside a kommun and have been swapped: take codes or coordinates."
    got = repr(str(texts.iloc[0]))[:40] if len(texts) else "an empty column"
    raise InputError(Fault("a column that is no code of an area", where, "codes such as 0114R001", got, hint))


def match_keys(keys: pd.Series, kind: str, keyed: Keyed, where: str) -> Matches:
    """Match a column of codes; `kind` is "regso", "deso", "kommun" or "area".

    Raises
    ------
    InputError  every code is of another edition and there is no crosswalk; a key or crosswalk that is missing or of
        another edition
    """
    if kind == "area":
        return _match_own(keys, keyed)
    if keyed.edition is None:
        hint = "Take the column with the codes of its areas."
        raise InputError(Fault("a release whose areas are not RegSO", where, "codes of its own areas", kind, hint))
    if kind == "kommun":
        return _match_kommuner(keys)
    return _match_regso(keys, keyed, where) if kind == "regso" else _match_deso(keys, keyed, where)


@dataclass
class _Rows:
    """The distinct keys of a column while they are matched; `spread` gives the rows."""

    text: pd.Series
    position: NDArray[np.intp]
    code: NDArray[np.object_]
    status: NDArray[np.object_]
    reason: NDArray[np.object_]

    def mark(self, where: NDArray[np.bool_], status: str, reason: str = "") -> None:
        """Give keys a status; with a reason, why they have no area, they lose their code."""
        self.status[where], self.reason[where] = status, reason
        if reason:
            self.code[where] = None

    def spread(self, kind: str, notes: list[Note], extra: dict[str, NDArray[np.float64]] | None = None) -> Matches:
        at = self.position
        rows = {name: values[at] for name, values in (extra or {}).items()}
        return Matches(
            kind,
            self.code[at],
            self.status[at],
            self.text.to_numpy(dtype=object)[at],
            self.reason[at],
            rows,
            tuple(notes),
        )


def _rows(keys: pd.Series) -> _Rows:
    position, distinct = pd.factorize(keys.map(as_text).astype(object))
    size = len(distinct)
    empty = np.full(size, None, dtype=object)
    rows = _Rows(
        pd.Series(distinct, dtype=object), position, empty, np.full(size, "", object), np.full(size, "", object)
    )
    rows.mark(rows.text.to_numpy() == "", "missing", "an empty cell")
    return rows


def _match_own(keys: pd.Series, keyed: Keyed) -> Matches:
    rows = _rows(keys)
    known = rows.text.isin(keyed.areas).to_numpy() & (rows.status != "missing")
    rows.code[known] = rows.text.to_numpy()[known]
    rows.mark(known, "matched")
    rows.mark(~known & (rows.status != "missing"), "unknown_code", "not an area of the release")
    return rows.spread("area", [])


def _parse(rows: _Rows, kind: str, notes: list[Note], counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Read the distinct texts as codes; what cannot be read gets its status. Gives which were repaired."""
    parsed = parse_codes(rows.text, kind)  # type: ignore[arg-type]  # one of its kinds
    rows.code[:] = parsed.codes.astype(object).where(parsed.codes.notna(), None)
    repaired = np.zeros(len(rows.text), np.bool_)
    beside = parsed.beside["position"].to_numpy(np.intp)
    if len(beside):
        first = parsed.beside.iloc[0]
        values = {"count": counts[beside].sum(), "given": first["given"], "code": first["code"]}
        notes.append(Note("codes_beside_text", **values))
    repaired[parsed.repaired["position"].to_numpy(np.intp)] = True
    refused = parsed.refused[parsed.refused["given"].notna()]
    at = refused["position"].to_numpy(np.intp)
    rows.reason[at] = [str(reason) for reason in refused["reason"]]
    rows.status[at] = ["unknown_code" if "there is no" in reason else "unreadable" for reason in rows.reason[at]]
    rows.code[at] = None
    if repaired.any():
        first = parsed.repaired.iloc[0]
        values = {"count": counts[repaired].sum(), "given": first["given"], "code": first["code"]}
        notes.append(Note("codes_repaired_zero", **values))
    return repaired


def _match_regso(keys: pd.Series, keyed: Keyed, where: str) -> Matches:
    notes: list[Note] = []
    rows = _rows(keys)
    counts = np.bincount(rows.position, minlength=len(rows.text))
    repaired = _parse(rows, "regso", notes, counts)
    rows.mark(repaired, "repaired")
    return _to_release(rows, repaired, _edition_of_rows(rows, keyed, notes), keyed, where, "regso", notes, counts)


def _edition_of_rows(rows: _Rows, keyed: Keyed, notes: list[Note]) -> NDArray[np.int64]:
    """Tell the edition of each code: by its suffix, by the user, by codes that only one edition has."""
    assert keyed.edition is not None  # noqa: S101  (`match_keys` has refused)
    found = rows.text.str.upper().str.extract(_SUFFIX, expand=False)
    said = pd.to_numeric(found, errors="coerce").fillna(0).astype(np.int64).map(canonical_year).to_numpy()
    suffixes = sorted(set(said[said > 0].tolist()) & set(edition_years()))
    table = keyed.said or (suffixes[0] if len(suffixes) == 1 else None)
    table = table or detect_edition([code for code in rows.code if code is not None])
    if table is None and not (said > 0).all():
        notes.append(Note("codes_of_release", edition=keyed.edition))
    return np.where(said > 0, said, table or keyed.edition)


def _to_release(
    rows: _Rows, repaired: NDArray[np.bool_], editions: NDArray[np.int64], keyed: Keyed, where: str, kind: str,
    notes: list[Note], counts: NDArray[np.intp],
) -> Matches:  # fmt: skip
    """Bring codes of any edition to the areas of the release."""
    own = keyed.edition
    assert own is not None  # noqa: S101
    read = np.array([code is not None for code in rows.code])
    codes = pd.Series(rows.code)
    known = {year: codes.isin(code_set(year)).to_numpy() & read for year in edition_years()}
    origin = _origin_of_codes(editions, known, own)
    foreign = read & (origin > 0)
    here = read & ~foreign & known[own] & (editions == own)
    rows.mark(here & ~repaired, "matched")
    rows.mark(read & ~foreign & ~here, "unknown_code", f"RegSO {own} has no such area")
    if not foreign.any():
        return rows.spread(kind, notes, {})
    others = tuple(sorted(set(origin[foreign].tolist())))
    crosswalk = choose_crosswalk(keyed.crosswalk, others, own)
    if crosswalk is None and foreign[read].all():
        raise InputError(_other_edition(own, others, where))
    bridged = foreign & (origin == crosswalk.source) if crosswalk else np.zeros(len(foreign), np.bool_)
    for other in others:
        reason = f"a code of RegSO {other}, the release is of {own}: without --crosswalk it has no area"
        rows.mark(foreign & ~bridged & (origin == other), "other_edition", reason)
    extra = {} if crosswalk is None else _bring(rows, bridged, crosswalk, own, notes, counts)
    return rows.spread(kind, notes, extra)


def _origin_of_codes(editions: NDArray[np.int64], known: dict[int, NDArray[np.bool_]], own: int) -> NDArray[np.int64]:
    """Tell which other edition each code is of; 0 for a code of the release's own edition, or of none.

    A code that the own edition lacks is of another, whatever was said of the table: of the one that was said where it
    has the code, else of the nearest in time that has it.
    """
    origin = np.zeros(len(editions), np.int64)
    for other in sorted((year for year in known if year != own), key=lambda year: (-abs(year - own), year)):
        origin[~known[own] & known[other]] = other
    for other, has in known.items():
        if other != own:
            origin[has & (editions == other)] = other
    return origin


def _bring(
    rows: _Rows, bridged: NDArray[np.bool_], crosswalk: Bridge, own: int, notes: list[Note], counts: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """Bring codes of the crosswalk's source to the own edition; gives the share of each area that decides."""
    share = np.ones(len(rows.text))
    to = crosswalk.target.reindex(pd.Index(rows.code[bridged]))
    rows.code[bridged] = to[c.AREA].astype(object).where(to[c.AREA].notna(), None).to_numpy()
    share[bridged] = to["share"].to_numpy()
    rows.status[bridged] = np.where(to[c.AREA].notna(), "crosswalk", "other_edition")
    lacking = f"a code of RegSO {crosswalk.source} that the crosswalk lacks"
    rows.reason[bridged] = np.where(to[c.AREA].notna(), "", lacking)
    through, split = int(counts[bridged].sum()), int(counts[bridged][(to["share"] < _WHOLE).to_numpy()].sum())
    values = {"count": through, "split": split, "own": own, "other": crosswalk.source}
    notes.append(Note("rows_through_crosswalk", file=crosswalk.name, **values))
    return {"share": share}


def _other_edition(own: int, others: tuple[int, ...], where: str) -> Fault:
    """Refuse codes of other editions: a shared code may be another place. Name the crosswalks that there are."""
    other = list_years("and", others)
    change = edition_table().change(own, others[0])
    shared = len(set(code_set(own)) & set(code_set(others[0])))
    known = change is not None and change.other_borders is not None
    borders = f"about {change.other_borders} of them" if change and known else "some of them may"
    said = f"The two share {shared:,} codes, but {borders} have other borders"
    if len(others) > 1:
        said = "Shared codes may have other borders"
    held = list_crosswalks()
    there_are = f" There are crosswalks of {held}." if held else ""
    return Fault(
        f"codes of RegSO {other}, a release of RegSO {own}", where, f"codes of RegSO {own}", f"RegSO {other}",
        f"{said}: the same code is not the same place. Give --crosswalk, or a release of RegSO {other}; or say "
        f"--edition {own} where the codes are of it after all.{there_are}",
    )  # fmt: skip


def _match_deso(keys: pd.Series, keyed: Keyed, where: str) -> Matches:
    if keyed.deso_key is None:
        hint = "Give a table with a DeSO and a RegSO column as --deso-key; SCB publishes one for each edition."
        raise InputError(Fault("codes of DeSO, but no key to RegSO", where, hint=hint))
    notes: list[Note] = []
    key = read_deso_key(keyed.deso_key)
    edition = detect_edition(key) or keyed.edition
    if edition != keyed.edition and keyed.crosswalk is None:
        raise InputError(_other_edition(keyed.edition or 0, (edition or 0,), f"{keyed.deso_key.name}, its RegSO"))
    rows = _rows(keys)
    counts = np.bincount(rows.position, minlength=len(rows.text))
    repaired = _parse(rows, "deso", notes, counts)
    rows.mark(repaired, "repaired")
    read = np.array([code is not None for code in rows.code])
    regso = key.reindex(pd.Index(rows.code)).to_numpy(dtype=object)
    absent = read & pd.isna(regso)
    rows.code[read] = regso[read]
    rows.mark(absent, "unknown_code", f"{keyed.deso_key.name} has no such DeSO")
    editions = np.full(len(rows.text), edition, np.int64)
    return _to_release(rows, repaired, editions, keyed, where, "deso", notes, counts)


def _match_kommuner(keys: pd.Series) -> Matches:
    notes: list[Note] = []
    rows = _rows(keys)
    counts = np.bincount(rows.position, minlength=len(rows.text))
    by_name = rows.text.map(kommun_of_name)
    named = by_name.notna().to_numpy()
    repaired = _parse(rows, "kommun", notes, counts) & ~named
    rows.code[named] = by_name.to_numpy(dtype=object)[named]
    rows.mark(named | np.array([code is not None for code in rows.code]), "matched")
    rows.mark(repaired, "repaired")
    unread = rows.status == "unreadable"
    differs = np.array(["differ" in reason for reason in rows.reason], dtype=np.bool_)
    rows.mark(unread & ~differs, "unknown_code", "neither the code nor the name of a kommun")
    region = rows.text.map(lambda text: text.casefold().startswith("region ")).to_numpy(np.bool_)
    rows.mark(unread & region, "unknown_code", "a region, which is a county of several kommuner")
    return rows.spread("kommun", notes)
