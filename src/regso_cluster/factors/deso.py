"""Tables by DeSO: counts of parts, summed to the RegSO that they lie in through a key table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from regso_cluster.areas.codes import parse_codes
from regso_cluster.errors import Fault, InputError
from regso_cluster.factors.rates import MISSING, sum_to_areas
from regso_cluster.files.numbers import as_text
from regso_cluster.files.tables import read_table
from regso_cluster.method import Method
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note


def to_regso(
    counts: pd.DataFrame, status: pd.DataFrame, areas: pd.DataFrame, method: Method, name: str,
    deso_key: str | Path | None, notes: list[Note],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Sum a table by DeSO to RegSO through a key table."""
    if deso_key is None:
        hint = "Give a table with a DeSO and a RegSO column as --deso-key; SCB publishes one for each edition."
        raise InputError(Fault("codes of DeSO, but no key to RegSO", name, hint=hint))
    rates = [factor.value for factor in method.factors if factor.value]
    if rates:
        hint = "Name numerator and denominator in the method: rates of parts cannot be summed."
        raise InputError(Fault("rates by DeSO", f"{name}, columns {', '.join(rates)}", "counts", hint=hint))
    key = read_deso_key(deso_key)
    unknown = counts.index.difference(key.index)
    if len(unknown):
        hint = "Use the key of the edition of the table."
        raise InputError([Fault("a DeSO code that the key lacks", name, got=str(code), hint=hint) for code in unknown])
    touched = key[key.isin(key.loc[counts.index])] if method.table.coverage == "partial" else key
    absent = touched.index.difference(counts.index)
    if len(absent) and method.table.coverage == "full":
        hint = "Add their rows, or set coverage = 'partial' in the method."
        raise InputError([Fault("a DeSO of the key has no row", name, got=str(code), hint=hint) for code in absent])
    if len(absent):
        notes.append(Note("deso_without_row", count=len(absent)))
        counts, areas = counts.reindex(touched.index), areas.reindex(touched.index)
        status = status.reindex(touched.index, fill_value=MISSING)
    area = key.loc[counts.index]
    notes.append(Note("deso_summed", count=len(counts), areas=area.nunique(), file=Path(deso_key).name))
    counts, status = sum_to_areas(counts, status, area)
    whole = areas[c.POPULATION].groupby(area).count() == areas[c.POPULATION].groupby(area).size()
    population = areas[c.POPULATION].groupby(area).sum(min_count=1).where(whole)
    regso = pd.DataFrame({c.NAME: pd.Series(pd.NA, counts.index, dtype="string"), c.POPULATION: population})
    return counts, status, regso


def _kinds_of_codes(rows: list[list[Any]]) -> int:
    """Count whether a sheet has codes of DeSO and of RegSO."""
    texts = {as_text(cell) for row in rows for cell in row}
    return sum(
        any(re.match(kind, text, re.IGNORECASE) for text in texts) for kind in (r"\d{3,4}[ABC]\d{4}", r"\d{3,4}R\d{3}")
    )


def read_deso_key(path: str | Path) -> pd.Series:
    """Read which RegSO each DeSO lies in; the two columns are found by their content.

    Returns
    -------
    (n_deso,) RegSO codes by DeSO code

    Raises
    ------
    InputError  no column of DeSO codes, no column of RegSO codes (names do not serve), a DeSO in two RegSO
    """
    raw = read_table(path, holds=_kinds_of_codes)
    found: dict[str, pd.Series] = {}
    for kind in ("deso", "regso"):
        for column in raw.frame.columns:
            codes = parse_codes(raw.frame[column], kind).codes
            if codes.notna().mean() <= 0.9:
                continue
            if kind in found and not found[kind].equals(codes):
                hint = "Leave the one column that is meant."
                raise InputError(Fault(f"two columns of different {kind} codes", raw.name, got=repr(column), hint=hint))
            found[kind] = codes
    faults = [
        Fault(f"no column of {kind} codes", raw.name, f"codes such as {example}",
              f"columns {', '.join(map(repr, raw.frame.columns))}",
              "A key by names does not serve: names are not unique.")
        for kind, example in (("DeSO", "0114A0010"), ("RegSO", "0114R001"))
        if kind.lower() not in found
    ]  # fmt: skip
    if faults:
        raise InputError(faults)
    key = pd.Series(found["regso"].to_numpy(), index=pd.Index(found["deso"], name="deso"), name="regso")
    key = key[key.index.notna()].dropna()
    key = key[~pd.DataFrame({"d": key.index, "r": key.to_numpy()}).duplicated().to_numpy()]
    twice = key.index[key.index.duplicated()].unique()
    if len(twice):
        raise InputError([Fault("a DeSO lies in two RegSO", f"{raw.name}, {code}") for code in twice])
    return key
