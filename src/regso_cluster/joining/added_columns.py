"""The columns that a join adds: what became of each row, and the groups of its area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from regso_cluster.errors import Fault, InputError
from regso_cluster.joining.match_report import Matches
from regso_cluster.joining.options import JoinOptions
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c

if TYPE_CHECKING:
    from regso_cluster.release.model import Release


def added_columns(matches: Matches, release: Release, options: JoinOptions) -> pd.DataFrame:
    """Make the new columns, a row for each row of the table."""
    status = pd.Series(matches.status, dtype="string")
    own: dict[str, Any] = {"match": status, "code": pd.Series(matches.code, dtype="string")}
    own |= {name: _typed(values) for name, values in matches.extra.items()}
    if matches.kind == "kommun":
        values = _of_kommuner(matches.code, release, options)
    else:
        areas = release.areas[_columns(release.areas, options)]
        values = _nullable(areas).reindex(pd.Index(matches.code, dtype=object)).reset_index(drop=True)
    frame = pd.concat([pd.DataFrame(own), values], axis=1)
    return frame.rename(columns=lambda name: f"{options.prefix}{name}")


def _typed(values: NDArray[Any]) -> pd.Series:
    if values.dtype == np.bool_:
        return pd.Series(values, dtype="boolean")
    return pd.Series(values, dtype="string" if values.dtype == object else "Float64")


def _nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """Give columns that stay whole numbers, marks and text where a row has no area."""
    kinds = {"i": "Int64", "u": "Int64", "f": "Float64", "b": "boolean"}
    return frame.astype(
        {name: kinds.get(getattr(dtype, "kind", "O"), "string") for name, dtype in frame.dtypes.items()}
    )


def _columns(areas: pd.DataFrame, options: JoinOptions) -> list[str]:
    if not options.columns:
        return [name for name in areas.columns if is_joined(name)]
    if options.columns == ("all",):
        return list(areas.columns)
    absent = [name for name in options.columns if name not in areas.columns]
    if absent:
        hint = f"Choose from: {', '.join(areas.columns)}."
        raise InputError([Fault("the release has no such column", got=name, hint=hint) for name in absent])
    return list(options.columns)


def is_joined(name: str) -> bool:
    """Tell whether a join adds a column of a release where no columns are asked for."""
    column = SCHEMA.find(name)
    return column is not None and column.join and not c.is_absolute(name)


def _of_kommuner(codes: NDArray[np.object_], release: Release, options: JoinOptions) -> pd.DataFrame:
    """Give, for each kommun, its areas and residents and what share of them lives in each group."""
    areas = release.areas
    residents = areas[c.POPULATION].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    groupings = [
        name for name in dict.fromkeys(release.groups[c.GROUPING])
        if name in areas
        and (name in options.columns if options.columns else not (c.is_tier(name) or c.is_absolute(name)))
    ]  # fmt: skip
    frame = pd.DataFrame({c.KOMMUN: areas[c.KOMMUN].to_numpy(), c.RESIDENTS: residents, c.AREAS: 1})
    by = frame.groupby(c.KOMMUN)
    table = pd.DataFrame({c.KOMMUN_NAME: areas.groupby(c.KOMMUN)[c.KOMMUN_NAME].first().astype("string")})
    table[c.AREAS] = by.size().astype("Int64")
    table[c.RESIDENTS] = by[c.RESIDENTS].sum(min_count=1).round().astype("Int64")
    for grouping in groupings:
        group = areas[grouping].to_numpy(dtype=object, na_value=None)
        numbers = sorted(set(release.groups.loc[release.groups[c.GROUPING] == grouping, c.GROUP].dropna()))
        for number in [*numbers, None]:
            chosen = pd.isna(group) if number is None else group == number
            if number is None and not chosen.any():
                continue
            name = f"{grouping}_{'none' if number is None else int(number)}"
            inside = frame[chosen].groupby(c.KOMMUN)
            table[f"{name}_areas"] = inside.size().reindex(table.index, fill_value=0).astype("Int64")
            share = inside["residents"].sum().reindex(table.index, fill_value=0.0) / by[c.RESIDENTS].sum(min_count=1)
            table[f"{name}_share"] = (100 * share).round(2).astype("Float64")
    if bool(release.manifest["synthetic"]):
        table[c.SYNTHETIC] = pd.array([True] * len(table), dtype="boolean")
    return table.reindex(pd.Index(codes, dtype=object)).reset_index(drop=True)
