"""Labels that keep their meaning: this year's clusters matched to last year's, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from regso_cluster.method import Text
from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

PARTED = 0.25  # a group is split where at least two of today's hold this share of its residents
ABSORBED = 0.5  # groups are merged where one of today's holds this share of the residents of at least two


@dataclass(frozen=True)
class Numbering:
    """Numbers and names of this year's clusters.

    Parameters
    ----------
    order : (n_clusters,) positions of the clusters found, by rising number
    numbers : (n_clusters,) rising; a number that is given up is never used again
    names : (n_clusters,)
    named_at : (n_clusters, n_factors) the centre each had in the year its name was given
    left : numbers of last year whose group has a profile that its name no longer fits
    """

    order: Labels
    numbers: tuple[int, ...]
    names: tuple[Text, ...]
    named_at: Array
    left: tuple[int, ...]


@dataclass(frozen=True)
class Known:
    """Last year's clusters, by position.

    Parameters
    ----------
    numbers : of the clusters
    names : by position
    named_at : by position the centre that each had when its name was given
    in_words_of_today : by position what this year's method calls that centre; where left out, `names` hold
    """

    numbers: tuple[int, ...]
    names: dict[int, Text]
    named_at: dict[int, Array]
    in_words_of_today: dict[int, Text] = field(default_factory=dict)

    def is_named(self, position: int, name: Text) -> bool:
        """Whether a profile of today has the name of a cluster, as it was given or in the words of today."""
        return name in (self.names[position], self.in_words_of_today.get(position))


def overlap(before: Labels, now: Labels, weights: Array, sizes: tuple[int, int]) -> Array:
    """Weight shared by each group of last year and of this year.

    Parameters
    ----------
    before, now : (n_areas,) positions of groups, -1 where none; areas with a group in both years count
    weights : (n_areas,) residents
    sizes : number of groups last year and this year

    Returns
    -------
    (n_before, n_now)
    """
    both = (before >= 0) & (now >= 0)
    shared = np.zeros(sizes)
    np.add.at(shared, (before[both], now[both]), weights[both])
    return shared


def match_groups(shared: Array, old_centres: Array, centres: Array) -> dict[int, int]:
    """Match this year's groups to last year's by optimal assignment.

    The gain of a pair is the share of residents that they have in common (of all who are in either), plus how near
    their centres are (1 the same, 0 the furthest pair of all); pairs without a common resident are no match.

    Parameters
    ----------
    shared : (n_before, n_now) residents in common
    old_centres : (n_before, n_factors) where last year's members stand today, in today's scale
    centres : (n_now, n_factors)

    Returns
    -------
    position this year -> position last year; groups without a match are left out

    Notes
    -----
    Kuhn, H. W. (1955), "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2.
    """
    either = shared.sum(axis=1)[:, None] + shared.sum(axis=0)[None, :] - shared
    common = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    distance = np.sqrt(((old_centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
    near = 1 - distance / max(distance.max(), np.finfo(float).tiny)
    rows, columns = linear_sum_assignment(-(common + near))
    return {int(now): int(old) for old, now in zip(rows, columns, strict=True) if shared[old, now] > 0}


def number_groups(
    match: dict[int, int],
    centres: Array,
    profile_names: tuple[Text, ...],
    before: Known,
    last: int,
    keep: float,
) -> Numbering:
    """Give this year's clusters last year's numbers and names, and new ones to those that left their name.

    A name is kept until this year's profile would be named otherwise *and* the centre of some factor has moved by
    more than `keep` SD since the name was given: so no name flickers at a limit of the naming, and slow drift counts.

    Parameters
    ----------
    match : position this year -> position last year
    centres : (n_clusters, n_factors) of this year
    profile_names : what each would be called by its profile alone
    before : last year's clusters
    last : the highest number ever given
    keep : in SD
    """
    numbers, names, named, left = [], [], [], []
    for position, centre in enumerate(centres):
        old = match.get(position)
        if old is not None:
            moved = float(np.abs(centre - before.named_at[old]).max())
            if before.is_named(old, profile_names[position]) or moved <= keep:
                numbers.append(before.numbers[old])
                names.append(before.names[old])
                named.append(before.named_at[old])
                continue
            left.append(before.numbers[old])
        last += 1
        numbers.append(last)
        names.append(profile_names[position])
        named.append(centre)
    order = np.argsort(numbers, kind="stable")
    for position in order[1:]:  # a new name may be one that an older group still bears
        taken = [names[other] for other in order if numbers[other] < numbers[position]]
        if names[position] in taken:
            name, number = names[position], numbers[position]
            names[position] = Text(f"{name.sv} ({number})", f"{name.en} ({number})")
    return Numbering(order, tuple(numbers[o] for o in order), tuple(names[o] for o in order),
                  np.array([named[o] for o in order]), tuple(sorted(left)))  # fmt: skip


def trace_groups(before: pd.Series, now: pd.Series, residents: pd.Series, names: dict[int, Text]) -> pd.DataFrame:
    """Say what became of each group, by the residents of the areas that are in a group in both years.

    Parameters
    ----------
    before, now : (n_areas,) group numbers of last year and this year, <NA> where none; the same areas
    residents : (n_areas,) of this year
    names : of last year's and this year's groups by number; this year's win

    Returns
    -------
    a row a number: cluster, name_sv, name_en, fate ("kept", "split", "merged", "new", "gone"), areas, residents (of
    this year), share_kept (of the previous group's residents, in it today), share_from (of its residents, in it
    before), came_from and went_to (numbers with their shares in per cent, largest first)
    """
    both = (before.notna() & now.notna()).to_numpy(bool)
    flow = pd.DataFrame({"old": before[both].astype(int), "new": now[both].astype(int), "n": residents[both].fillna(0)})
    table = flow.pivot_table(index="old", columns="new", values="n", aggfunc="sum", fill_value=0.0).astype(float)
    out, into = table.div(table.sum(axis=1), axis=0).fillna(0.0), table.div(table.sum(axis=0), axis=1).fillna(0.0)
    rows = []
    for number in sorted({*before.dropna().astype(int), *now.dropna().astype(int)}):
        inside = now.eq(number).fillna(False).to_numpy(bool)
        went = out.loc[number] if number in out.index else pd.Series(dtype=float)
        came = into[number] if number in into.columns else pd.Series(dtype=float)
        rows.append(
            {
                c.CLUSTER: number,
                c.NAME_SV: names[number].sv,
                c.NAME_EN: names[number].en,
                c.FATE: _fate(number, before, now, out, went),
                c.AREAS: int(inside.sum()),
                c.RESIDENTS: float(residents[inside].fillna(0).sum()),
                c.SHARE_KEPT: float(went.get(number, np.nan)),
                c.SHARE_FROM: float(came.get(number, np.nan)),
                c.CAME_FROM: _say_shares(came),
                c.WENT_TO: _say_shares(went),
            }
        )
    return pd.DataFrame(rows).astype({c.CLUSTER: "Int8"})


def _fate(number: int, before: pd.Series, now: pd.Series, out: pd.DataFrame, went: pd.Series) -> str:
    if not before.eq(number).fillna(False).any():
        return "new"
    if not now.eq(number).fillna(False).any():
        return "gone"
    if number in out.columns and int((out[number] >= ABSORBED).sum()) > 1:
        return "merged"
    return "split" if int((went >= PARTED).sum()) > 1 else "kept"


def _say_shares(shares: pd.Series) -> str:
    ordered = shares[shares >= 0.005].sort_values(ascending=False, kind="stable")
    return ", ".join(f"{number}: {100 * share:.0f}" for number, share in ordered.items())
