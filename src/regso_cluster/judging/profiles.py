"""What a group looks like in original units, and what it is called: the same profile always gives the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.tables import FactorTable
from regso_cluster.method import UNIT_FACTOR, Factor, Method, Naming, Text
from regso_cluster.schema import columns as c
from regso_cluster.words.phrases import list_texts, lower, phrase

if TYPE_CHECKING:
    from regso_cluster.factors.tables import FactorTable

_LEVELS = ("very_large", "large", "some")


def describe_groups(
    areas: pd.DataFrame, table: FactorTable, method: Method, grouping: str, names: dict[int, Text]
) -> pd.DataFrame:
    """Describe each group of one grouping.

    Parameters
    ----------
    areas : the classified areas, with the column `grouping` of group numbers (<NA>: in no group)
    table : counts and values of the same areas
    method : factors, for rates from summed counts
    grouping : "composite_group", "band", "cluster" or "<factor>_tier"
    names : the name of each group

    Returns
    -------
    a row a group, in order, and a last one (group <NA>) for areas in no group, where there are any: grouping, group,
    name_sv, name_en, areas, residents, residents_share (of all residents, per cent), and <factor>_value: the rate of
    the group as a whole (sum of numerators over sum of denominators), where only rates are given their mean weighted
    by residents, without residents their mean
    """
    number = areas[grouping]
    total = table.areas[c.POPULATION].sum()
    rows = []
    for group in [*sorted(names), *([None] if number.isna().any() else [])]:
        inside = (number.isna() if group is None else number.eq(group).fillna(False)).to_numpy(bool)
        name = names[group] if group is not None else phrase("not_classified")
        residents = table.areas[c.POPULATION][inside].sum(min_count=1)
        rows.append(
            {
                c.GROUPING: grouping,
                c.GROUP: group,
                c.NAME_SV: name.sv,
                c.NAME_EN: name.en,
                c.AREAS: int(inside.sum()),
                c.RESIDENTS: residents,
                c.RESIDENTS_SHARE: 100 * residents / total if total > 0 else np.nan,
                **{c.value_of(key): number for key, number in _profile(table, method, inside).items()},
            }
        )
    described = pd.DataFrame(rows)
    return described.assign(group=described[c.GROUP].astype("Int8"))


def _profile(table: FactorTable, method: Method, inside: npt.NDArray[np.bool_]) -> dict[str, float]:
    profile = {}
    for factor in method.factors:
        value = table.value[factor.key][inside]
        seen = value.notna()
        if factor.value or factor.level == "kommun":  # the counts of a kommun stand in each of its areas
            residents = table.areas[c.POPULATION][inside][seen]
            weights = residents if residents.notna().all() and residents.sum() > 0 else None
            profile[factor.key] = float(np.average(value[seen], weights=weights)) if seen.any() else np.nan
        else:
            counts = [part[factor.key][inside][seen].sum() for part in (table.numerator, table.denominator)]
            profile[factor.key] = float(UNIT_FACTOR[factor.unit] * counts[0] / counts[1]) if counts[1] > 0 else np.nan
    return profile


def name_clusters(
    centres: npt.NDArray[np.float64], method: Method, naming: Naming, numbers: tuple[int, ...] | None = None
) -> tuple[Text, ...]:
    """Name clusters from their centres.

    The level is that of the factor furthest to the worse side; the factors named are those beyond `naming.some`, the
    worst `naming.factors` of them. Two clusters of one name get one factor more each, then their number.

    Parameters
    ----------
    centres : (n_clusters, n_factors), scaled by SDs of the country around its mean, high is worse
    method : the names of the factors
    naming : the levels, in SD
    numbers : (n_clusters,) of the clusters; None: from 1

    Returns
    -------
    (n_clusters,) names, all different
    """
    wanted = [naming.factors] * len(centres)
    names = [_name(centre, method, naming, count) for centre, count in zip(centres, wanted, strict=True)]
    for _ in method.factors:
        twins = [number for number, name in enumerate(names) if names.count(name) > 1]
        for number in twins:
            wanted[number] += 1
            names[number] = _name(centres[number], method, naming, wanted[number])
    return tuple(
        Text(f"{name.sv} ({number})", f"{name.en} ({number})") if names.count(name) > 1 else name
        for number, name in zip(numbers or range(1, len(names) + 1), names, strict=True)
    )


def _name(centre: npt.NDArray[np.float64], method: Method, naming: Naming, count: int) -> Text:
    reached = next((key for key in _LEVELS if centre.max() >= getattr(naming, key)), None)
    if reached is None:
        few = centre.max() <= -naming.some or centre.mean() <= -naming.some
        return phrase("needs_few" if few else "needs_average")
    level = phrase(f"needs_{reached}")
    marked = [number for number in np.argsort(-centre, kind="stable") if centre[number] >= naming.some]
    if len(marked) == len(centre) and count <= naming.factors:
        return phrase("needs_in_all", level=level)
    factors = list_texts([lower(method.factors[number].name) for number in marked[:count]])
    return phrase("needs_in", level=level, factors=factors)


def country_value(table: FactorTable, factor: Factor) -> float | None:
    """Give the rate of all areas together, as `describe_groups` does for a group: the one number of the country."""
    key = factor.key
    value = table.value[key]
    seen = value.notna().to_numpy(bool)
    if not seen.any():
        return None
    if factor.value is None and factor.level == "area":
        numerator, denominator = table.numerator[key][seen].sum(), table.denominator[key][seen].sum()
        return float(UNIT_FACTOR[factor.unit] * numerator / denominator) if denominator > 0 else None
    residents = table.areas[c.POPULATION][seen]
    weights = residents if residents.notna().all() and residents.sum() > 0 else None
    return float(np.average(value[seen], weights=weights))
