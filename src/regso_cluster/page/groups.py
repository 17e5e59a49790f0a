"""A group as the page shows it: size, profile in original units, and a portrait.

The portrait comes from templates: the same profile always gives the same text. A difference is named only where it is
clear (at least half a standard deviation between areas), and a group is called the highest or lowest of all only where
the runner-up is as far behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regso_cluster.factors.rates import OBSERVED
from regso_cluster.judging.profiles import country_value
from regso_cluster.method import Factor
from regso_cluster.schema import SCHEMA
from regso_cluster.schema import columns as c
from regso_cluster.words.columns import DECIMALS
from regso_cluster.words.texts import say, say_unit_name, show_number, with_unit

if TYPE_CHECKING:
    from regso_cluster.release.model import Release

CLEAR = 0.5  # SD between areas: below it a difference is not named


@dataclass(frozen=True)
class Country:
    """What a group is held against.

    Parameters
    ----------
    values : by factor, the rate of all areas together, in its unit; None where nothing was observed
    spreads : by factor, the standard deviation between the observed areas; None where there is none
    """

    values: dict[str, float | None]
    spreads: dict[str, float | None]


def measure_country(release: Release) -> Country:
    """Measure the country once for all groups of a release."""
    table, factors = release.table, release.method.factors
    return Country(
        {factor.key: country_value(table, factor) for factor in factors},
        {factor.key: _spread(release, factor) for factor in factors},
    )


def describe_grouping(release: Release, grouping: str, country: Country) -> list[dict[str, Any]]:
    """Describe each group of one grouping; areas in no group come last, with the group null.

    Returns
    -------
    a dict a group: group, name (sv, en), areas, residents, values (by factor, in its unit), portrait (sv, en; not of
    tiers, whose name says it all)
    """
    own = release.groups[release.groups[c.GROUPING] == grouping]
    described = []
    for one_row in own.to_dict("records"):
        row = {str(name): cell for name, cell in one_row.items()}
        group = None if pd.isna(row[c.GROUP]) else int(row[c.GROUP])
        values = {key: row[c.value_of(key)] for key in release.method.keys if c.value_of(key) in row}
        one: dict[str, Any] = {
            "group": group,
            "name": {"sv": str(row[c.NAME_SV]), "en": str(row[c.NAME_EN])},
            "areas": int(row[c.AREAS]),
            "residents": None if pd.isna(row[c.RESIDENTS]) else round(float(row[c.RESIDENTS])),
            "values": {key: None if pd.isna(value) else float(f"{value:.5g}") for key, value in values.items()},
        }
        if group is not None and grouping in SCHEMA.groupings:
            one["portrait"] = {language: portray(release, country, row, own, language) for language in ("sv", "en")}
        described.append(one)
    return described


def portray(release: Release, country: Country, row: dict[str, Any], all_groups: pd.DataFrame, language: str) -> str:
    """Say in a few sentences what a group is: size, where it differs from the country, how sure that is.

    Parameters
    ----------
    country : what the group is held against
    row : of `release.groups`, the group
    all_groups : the rows of its grouping
    language : "sv" or "en"
    """
    total = release.areas[c.POPULATION].astype("Float64").sum()
    residents = row[c.RESIDENTS]
    share = 100 * float(residents) / float(total) if pd.notna(residents) and total > 0 else None
    size = "portrait_size_areas" if share is None else "portrait_size_one" if row[c.AREAS] == 1 else "portrait_size"
    sentences = [
        say(size, language, areas=show_number(row[c.AREAS], language, 0),
            residents=show_number(residents, language, 0) if share is not None else "",
            share=show_number(share, language, 1) if share is not None else "")
    ]  # fmt: skip
    sentences += _differences(release, country, row, all_groups, language)
    grouping = str(row[c.GROUPING])
    if c.probability_of(grouping) in release.areas:
        inside = release.areas[grouping].eq(row[c.GROUP]).fillna(False).to_numpy(bool)
        mean = release.areas[c.probability_of(grouping)][inside].mean()
        if pd.notna(mean):
            sentences.append(say("portrait_sure", language, share=_share(float(mean), language)))
    return " ".join(sentences)


def _differences(
    release: Release, country: Country, row: dict[str, Any], all_groups: pd.DataFrame, language: str
) -> list[str]:
    """Name the factors in which the group clearly differs from the country, the furthest first."""
    far, whose = [], "" if release.manifest["edition"] else "_own"
    for number, factor in enumerate(release.method.factors):
        spread, whole = country.spreads[factor.key], country.values[factor.key]
        value = row[c.value_of(factor.key)]
        if spread is None or whole is None or pd.isna(value) or abs(value - whole) < CLEAR * spread:
            continue
        far.append((-abs(value - whole) / spread, number, factor, float(value), whole, spread))
    if not far:
        return [say(f"portrait_average{whose}", language)]
    sentences = []
    for _, _, factor, value, whole, spread in sorted(far, key=lambda one: one[:2]):
        others = all_groups[all_groups[c.GROUP].notna() & all_groups[c.GROUP].ne(row[c.GROUP])][c.value_of(factor.key)]
        key = "higher" if value > whole else "lower"
        gap = (value - others.max()) if key == "higher" else (others.min() - value)
        extreme = "most_" if len(others.dropna()) and gap >= CLEAR * spread else ""
        sentences.append(
            say(f"portrait_{extreme}{key}{whose}", language, factor=getattr(factor.name, language),
                value=_amount(value, factor, language), country=_amount(whole, factor, language))
        )  # fmt: skip
    return sentences


def _share(probability: float, language: str) -> str:
    """Give a probability in per cent; what is almost sure is not said to be sure."""
    if probability < 1 and round(100 * probability) == 100:
        return say("share_above", language, share="99")
    return show_number(100 * probability, language, 0)


def _amount(value: float, factor: Factor, language: str) -> str:
    unit = say_unit_name(factor, language)
    return with_unit(show_number(value, language, DECIMALS.get(factor.unit, 1)), unit, language)


def _spread(release: Release, factor: Factor) -> float | None:
    """Give the standard deviation between the observed areas, None where there is none."""
    areas = release.areas
    seen = areas[c.value_of(factor.key)][(areas[c.status_of(factor.key)] == OBSERVED).to_numpy(bool)].astype(float)
    spread = float(np.nanstd(seen.to_numpy())) if seen.notna().sum() > 1 else 0.0
    return spread if spread > 0 else None
