"""From the codes in a table to the areas of a release: RegSO, DeSO through a key, kommuner by code or name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.editions import EDITIONS, check_edition, code_set, detect_edition
from regso_cluster.areas.names import kommun_of_name
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.deso import read_deso_key
from regso_cluster.files.agency_table import read_agency_table
from regso_cluster.files.numbers import as_text
from regso_cluster.joining.match_report import Matches

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
    crosswalk : file of shares between the two editions; None where there is none
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
    InputError  every code is of the other edition and there is no crosswalk; a key or crosswalk that is missing or of
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

    def spread(self, kind: str, notes: list[str], extra: dict[str, NDArray[np.float64]] | None = None) -> Matches:
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


def _parse(rows: _Rows, kind: str, notes: list[str], counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Read the distinct texts as codes; what cannot be read gets its status. Gives which were repaired."""
    parsed = parse_codes(rows.text, kind)  # type: ignore[arg-type]  # one of its kinds
    rows.code[:] = parsed.codes.astype(object).where(parsed.codes.notna(), None)
    repaired = np.zeros(len(rows.text), np.bool_)
    beside = parsed.beside["position"].to_numpy(np.intp)
    if len(beside):
        first = parsed.beside.iloc[0]
        notes.append(
            f"{int(counts[beside].sum())} codes with a text beside them: the code was taken, "
            f"as {first['given']!r} to {first['code']}"
        )
    repaired[parsed.repaired["position"].to_numpy(np.intp)] = True
    refused = parsed.refused[parsed.refused["given"].notna()]
    at = refused["position"].to_numpy(np.intp)
    rows.reason[at] = [str(reason) for reason in refused["reason"]]
    rows.status[at] = ["unknown_code" if "there is no" in reason else "unreadable" for reason in rows.reason[at]]
    rows.code[at] = None
    if repaired.any():
        first = parsed.repaired.iloc[0]
        notes.append(
            f"{int(counts[repaired].sum())} codes repaired that had lost a zero or stood as a number, "
            f"such as {first['given']!r} to {first['code']!r}"
        )
    return repaired


def _match_regso(keys: pd.Series, keyed: Keyed, where: str) -> Matches:
    notes: list[str] = []
    rows = _rows(keys)
    counts = np.bincount(rows.position, minlength=len(rows.text))
    repaired = _parse(rows, "regso", notes, counts)
    rows.mark(repaired, "repaired")
    return _to_release(rows, repaired, _edition_of_rows(rows, keyed, notes), keyed, where, "regso", notes, counts)


def _edition_of_rows(rows: _Rows, keyed: Keyed, notes: list[str]) -> NDArray[np.int64]:
    """Tell the edition of each code: by its suffix, by the user, by the code that only one edition has."""
    assert keyed.edition is not None  # noqa: S101  (`match_keys` has refused)
    found = rows.text.str.upper().str.extract(_SUFFIX, expand=False)
    said = pd.to_numeric(found, errors="coerce").fillna(0).to_numpy(np.int64).copy()
    said[said == 2018] = 2020  # what older files call it
    suffixes = sorted(set(said[said > 0].tolist()) & set(EDITIONS))
    table = keyed.said or (suffixes[0] if len(suffixes) == 1 else None)
    table = table or detect_edition([code for code in rows.code if code is not None])
    if table is None and not (said > 0).all():
        notes.append(f"the codes do not tell their edition: taken for RegSO {keyed.edition}, as the release is")
    return np.where(said > 0, said, table or keyed.edition)


def _to_release(
    rows: _Rows, repaired: NDArray[np.bool_], editions: NDArray[np.int64], keyed: Keyed, where: str, kind: str,
    notes: list[str], counts: NDArray[np.intp],
) -> Matches:  # fmt: skip
    """Bring codes of either edition to the areas of the release."""
    assert keyed.edition is not None  # noqa: S101
    own, other = keyed.edition, next(year for year in EDITIONS if year != keyed.edition)
    read = np.array([code is not None for code in rows.code])
    known, elsewhere = (pd.Series(rows.code).isin(code_set(year)).to_numpy() & read for year in (own, other))
    # a code that only the other edition has is of that edition, whatever was said of the table
    foreign = read & ((editions == other) & elsewhere | ~known & elsewhere)
    here = read & ~foreign & known & (editions == own)
    rows.mark(here & ~repaired, "matched")
    rows.mark(read & ~foreign & ~here, "unknown_code", f"RegSO {own} has no such area")
    extra: dict[str, NDArray[np.float64]] = {}
    if foreign.any() and keyed.crosswalk is None:
        if foreign[read].all():
            raise InputError(_other_edition(own, other, where))
        reason = f"a code of RegSO {other}, the release is of {own}: without --crosswalk it has no area"
        rows.mark(foreign, "other_edition", reason)
    elif foreign.any() and keyed.crosswalk is not None:
        share = np.ones(len(rows.text))
        target = read_crosswalk(keyed.crosswalk, to=own)
        to = target.reindex(pd.Index(rows.code[foreign]))
        rows.code[foreign] = to["area"].astype(object).where(to["area"].notna(), None).to_numpy()
        share[foreign] = to["share"].to_numpy()
        rows.status[foreign] = np.where(to["area"].notna(), "crosswalk", "other_edition")
        rows.reason[foreign] = np.where(to["area"].notna(), "", f"a code of RegSO {other} that the crosswalk lacks")
        extra["share"] = share
        through, split = int(counts[foreign].sum()), int(counts[foreign][(to["share"] < _WHOLE).to_numpy()].sum())
        notes.append(
            f"{through} rows of RegSO {other} brought to RegSO {own} through {keyed.crosswalk.name}; for {split} of "
            f"them the area was divided, and the largest part (share) decides"
        )
    return rows.spread(kind, notes, extra)


def _other_edition(own: int, other: int, where: str) -> Fault:
    return Fault(
        f"codes of RegSO {other}, a release of RegSO {own}", where, f"codes of RegSO {own}", f"RegSO {other}",
        "The two share 3,362 codes, but about 288 of them have other borders: the same code is not the same place. "
        f"Give --crosswalk, or a release of RegSO {other}; or say --edition {own} where the codes are of it after all.",
    )  # fmt: skip


def read_crosswalk(path: Path, to: int) -> pd.DataFrame:
    """Read which area of edition `to` holds the most of each area of the other edition.

    Parameters
    ----------
    path : a crosswalk that `areas.crosswalk_cache` keeps, or any table with columns old (RegSO 2020), new (RegSO 2025),
        share (of the old area) and, to go back, of_new (of the new area)

    Returns
    -------
    by code of the other edition: area, share; the lowest code of equal shares

    Raises
    ------
    InputError  a column is missing, a share is no number, or its areas are not of edition `to`
    """
    frame = read_agency_table(path, columns=("old", "new", "share")).frame.astype(object)
    if "table" in frame:  # the cache keeps its three tables in one file
        frame = frame[frame["table"] == "shares"]
    source, target, share = ("old", "new", "share") if to == 2025 else ("new", "old", "of_new")
    absent = [name for name in (source, target, share) if name not in frame]
    if absent:
        hint = "It needs the columns old, new, share and, from RegSO 2025 to 2020, of_new."
        raise InputError([Fault("a crosswalk lacks a column", path.name, got=name, hint=hint) for name in absent])
    parts = pd.DataFrame({"code": frame[source].map(as_text), "area": frame[target].map(as_text)})
    parts["share"] = pd.to_numeric(frame[share].map(as_text).str.replace(",", "."), errors="coerce")
    bad = parts["share"].isna() | (parts["share"] < 0) | (parts["share"] > 1 + 1e-6)
    faults = [
        Fault("no share", f"{path.name}, {row.code} to {row.area}", "0 to 1", hint="Correct it.")
        for row in parts[bad].head(20).itertuples()
    ] + check_edition(parts["area"].astype(str), to)[:20]
    if faults:
        raise InputError(faults)
    ordered = parts.sort_values(["code", "share", "area"], ascending=[True, False, True], kind="stable")
    return ordered.drop_duplicates("code").set_index("code")


def _match_deso(keys: pd.Series, keyed: Keyed, where: str) -> Matches:
    if keyed.deso_key is None:
        hint = "Give a table with a DeSO and a RegSO column as --deso-key; SCB publishes one for each edition."
        raise InputError(Fault("codes of DeSO, but no key to RegSO", where, hint=hint))
    notes: list[str] = []
    key = read_deso_key(keyed.deso_key)
    edition = detect_edition(key) or keyed.edition
    if edition != keyed.edition and keyed.crosswalk is None:
        raise InputError(_other_edition(keyed.edition or 0, edition or 0, f"{keyed.deso_key.name}, its RegSO"))
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
    notes: list[str] = []
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
