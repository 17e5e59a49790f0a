"""How sure each label is: its probability given the noise of the counts, the runner-up, and what would flip it.

Held fixed: limits, scales, cut points and centres of the release, and the figures without counts. Drawn: every rate,
from its posterior. So a probability answers: would this area have this label if its true rates were known, by the
yardstick of this release? Left out: errors of registers, and the choice of the method itself. A label that hangs on a
figure without counts has no probability: it is not assessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.discovery import Listing, false_discovery_rates, judge_list, quantiles_of_draws
from regso_cluster.certainty.exact import Hanging, find_hanging
from regso_cluster.certainty.flip_counts import find_flips, held_areas
from regso_cluster.certainty.priors import Posterior, posteriors_of
from regso_cluster.certainty.simulation import Simulation, simulate
from regso_cluster.certainty.themes import theme_ranks
from regso_cluster.factors.rates import MISSING, TOO_FEW
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.case import Case
from regso_cluster.method import Certainty, Method, Yardstick
from regso_cluster.parallel import Workers
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note, name_some

Array = npt.NDArray[np.float64]
_SOME = 5  # areas that a note names
NOT_ASSESSED = "not_assessed"
FIXED = "limits, scales, cut points and centres of the release, factors without counts"


@dataclass(frozen=True)
class Labels:
    """How sure the labels of a release are.

    Parameters
    ----------
    columns : (n_areas,) by code: index_rank_low and _high, the same of each theme, <factor>_probability (of a problem),
        composite_group_probability, band_probability, cluster_probability; composite_second and band_second (the most
        likely other group) and composite_second_probability, band_second_probability, cluster_second_probability (of
        the second nearest cluster); what would flip a label, see `find_flips`; how_sure and cluster_how_sure
    long : a row an area and label: grouping, group, probability, counted (the label in the release) and, for problems
        and lists, false_discovery_rate: of the shortest list by probability that has the area on it
    groups : a row a grouping and group: expected, expected_low, expected_high, probability (mean over those in it),
    how_sure
    figures : for the manifest
    notes : for the reader
    """

    columns: pd.DataFrame
    long: pd.DataFrame
    groups: pd.DataFrame
    figures: dict[str, Any]
    notes: tuple[Note, ...]


def measure_labels(
    case: Case, areas: pd.DataFrame, yardstick: Yardstick, generator: np.random.Generator,
    workers: Workers | None = None,
) -> Labels | None:  # fmt: skip
    """Carry the noise of the counts through to every label; None where no factor has counts, or none are asked for.

    Parameters
    ----------
    case : counts, the values that were classified, and the method
    areas : the classified areas, columns of `judging.judge.judge`
    yardstick : that gave `areas`
    generator : draws
    workers : who draws; never changes the result

    Raises
    ------
    InputError  more factors with named rules than can be looked up; a factor with counts in fewer than two areas
    """
    method, certainty = case.method, case.method.certainty
    if certainty is None or not any(factor.denominator for factor in method.factors):
        return None
    has_index = areas[c.INDEX].notna().to_numpy() if method.index else np.zeros(len(areas), np.bool_)
    posteriors = [_leave_out_unseen(one, case.counted) for one in posteriors_of(case, generator)]
    found = simulate(
        posteriors, case, has_index, yardstick, generator,
        draws=certainty.draws, level=certainty.level, workers=workers,
    )  # fmt: skip
    drawn = posteriors[0].drawn
    hanging = find_hanging(found.drawable & ~drawn, case, areas, yardstick)
    chances = _chances(found, method, hanging)
    lists = _lists(chances, found, areas, method, hanging)
    columns = _columns(chances, found, areas, case, yardstick)
    if method.index:  # a rank that no draw could move has no interval
        columns.loc[~drawn.any(axis=1), [c.INDEX_RANK_LOW, c.INDEX_RANK_HIGH]] = pd.NA
    columns = columns.join(find_flips(case, areas, yardstick))
    columns = columns.join(theme_ranks(posteriors, case, areas, yardstick, generator, workers=workers))
    long = _long(chances, lists, areas, yardstick).assign(synthetic=case.table.synthetic)
    groups = _groups(chances, found, areas, case, yardstick, hanging)
    held = areas.index[held_areas(areas, method)]
    return Labels(columns, long, groups, *_say(lists, found, groups, columns, held, method, certainty, hanging))


def _leave_out_unseen(posterior: Posterior, table: FactorTable) -> Posterior:
    """Draw nothing for an area that has no figure at all, not even a suppressed one: nothing was said of it."""
    silent = table.status.isin([MISSING, TOO_FEW]).all(axis=1).to_numpy()
    return replace(posterior, drawn=posterior.drawn & ~silent[:, None])


def _chances(found: Simulation, method: Method, hanging: Hanging) -> dict[str, Array]:
    """Turn counts of draws into probabilities; NaN where nothing was drawn or a label hangs on an exact figure."""
    chances = {name: counts / found.draws for name, counts in found.counts.items()}
    for number, key in enumerate(method.keys):
        for name in (c.problem_of(key), c.tier_of(key)):
            if name in chances:
                chances[name][~found.drawable[:, number]] = np.nan
    for name in (c.COMPOSITE_GROUP, c.BAND, c.CLUSTER):
        if name in chances:
            chances[name][found.counts[name].sum(axis=1) == 0] = np.nan
    for name, chance in chances.items():
        chance[hanging.counted(name, method)] = np.nan
    return chances


@dataclass(frozen=True)
class _List:
    """A list that areas are on or not: problems of one factor, or a group and all that are worse.

    `hanging` are the areas of which it is not assessed whether they belong: that hangs on a figure taken as exact.
    """

    name: str
    group: int
    probability: Array
    listed: npt.NDArray[np.bool_]
    number: npt.NDArray[np.int64]
    hanging: npt.NDArray[np.bool_]


def _lists(
    chances: dict[str, Array], found: Simulation, areas: pd.DataFrame, method: Method, hanging: Hanging
) -> list[_List]:
    """Give every list of the method: problems by factor, then each composite group with those worse."""
    lists = []
    for key in method.keys if method.problems else ():
        name = c.problem_of(key)
        listed = areas[name].fillna(False).to_numpy(bool)
        exact = hanging.counted(name, method)
        lists.append(_List(name, 1, chances[name][:, 0], listed, found.sizes[name][:, 0], exact))
    if method.composite:
        number = areas[c.COMPOSITE_GROUP].fillna(len(method.composite.groups) + 1).to_numpy(np.int64)
        for group in range(1, len(method.composite.groups) + 1):
            counts, exact = found.counts[c.COMPOSITE_GROUP], hanging.lists[:, group - 1]
            chance = (counts / found.draws)[:, :group].sum(axis=1)
            chance[exact | (counts.sum(axis=1) == 0)] = np.nan
            drawn = found.sizes[c.COMPOSITE_GROUP][:, :group].sum(axis=1)
            lists.append(_List("composite_list", group, chance, number <= group, drawn, exact))
    return lists


def _columns(
    chances: dict[str, Array], found: Simulation, areas: pd.DataFrame, case: Case, yardstick: Yardstick
) -> pd.DataFrame:
    method, certainty = case.method, case.method.certainty or Certainty()
    columns: dict[str, Any] = {}
    if method.index:
        rank = areas[c.INDEX_RANK].to_numpy(np.float64, na_value=np.nan)
        # the counted rank stays inside: an interval that leaves out the rank beside it would mislead
        for name, end, pick in (("low", found.rank_low, np.minimum), ("high", found.rank_high, np.maximum)):
            columns[f"index_rank_{name}"] = pd.array(pick(end.astype(np.float64), rank), dtype="Int64")
    for key in method.keys if method.problems else ():
        columns[c.probability_of(key)] = chances[c.problem_of(key)][:, 0]
    sure = pd.Series(NOT_ASSESSED, areas.index)
    for name in (c.CLUSTER, c.BAND, c.COMPOSITE_GROUP):
        if name not in chances:
            continue
        group = areas[name].to_numpy(np.float64, na_value=np.nan)
        own = _own_chance(chances[name], _places(name, group, yardstick))
        columns[c.probability_of(name)] = own
        said = how_sure(own, certainty)
        said[np.isnan(group) & ~np.isnan(chances[name][:, 0])] = "undecided"
        if name == c.CLUSTER:
            columns[c.CLUSTER_HOW_SURE] = said
        sure = pd.Series(said, areas.index)
    columns |= _seconds(chances, areas, yardstick)
    columns[c.HOW_SURE] = sure
    return pd.DataFrame(columns, index=areas.index)


def _places(name: str, group: Array, yardstick: Yardstick) -> Array:
    """Turn group numbers into columns from 0: clusters have numbers of their own."""
    if name != c.CLUSTER:
        return group - 1
    known = yardstick.cluster_numbers
    return np.array([np.nan if np.isnan(one) else known.index(int(one)) for one in group])


def _own_chance(chance: Array, place: Array) -> Array:
    own = np.full(len(chance), np.nan)
    has = ~np.isnan(place)
    own[has] = chance[has, place[has].astype(np.int64)]
    return own


def how_sure(probability: Array, certainty: Certainty) -> npt.NDArray[np.object_]:
    """Put probabilities into words: core, edge, undecided; not_assessed where there is none."""
    words = [np.isnan(probability), probability >= certainty.core, probability >= certainty.edge]
    return np.select(words, [NOT_ASSESSED, "core", "edge"], "undecided").astype(object)


def _seconds(chances: dict[str, Array], areas: pd.DataFrame, yardstick: Yardstick) -> dict[str, Any]:
    """Give the runner-up of each grouping and its probability; of clusters it is known, the second nearest."""
    columns: dict[str, Any] = {}
    for name, short in ((c.COMPOSITE_GROUP, "composite"), (c.BAND, c.BAND)):
        if name in chances:
            chance = chances[name][:, :-1] if name == c.COMPOSITE_GROUP else chances[name]  # the last is "left open"
            second, probability = _runner_up(chance, areas[name])
            columns |= {f"{short}_second": second, f"{short}_second_probability": probability}
    if c.CLUSTER in chances:
        nearest = areas[c.CLUSTER_SECOND].to_numpy(np.float64, na_value=np.nan)
        columns[c.CLUSTER_SECOND_PROBABILITY] = _own_chance(chances[c.CLUSTER], _places(c.CLUSTER, nearest, yardstick))
    return columns


def _runner_up(chance: Array, group: pd.Series) -> tuple[pd.Series, Array]:
    """Give the most likely group besides the counted one and its probability; <NA> and 0 where no other was drawn."""
    others = np.nan_to_num(chance)
    has = group.notna().to_numpy()
    others[np.flatnonzero(has), group[has].to_numpy(np.int64) - 1] = 0.0
    most = others.max(axis=1)
    second = pd.Series(1 + others.argmax(axis=1), group.index, dtype="Int8")
    return second.mask(most == 0), np.where(np.isnan(chance[:, 0]), np.nan, most)


def _long(chances: dict[str, Array], lists: list[_List], areas: pd.DataFrame, yardstick: Yardstick) -> pd.DataFrame:
    parts: list[tuple[str, int | None, Array, npt.NDArray[np.bool_], Array]] = [
        (one.name, one.group, one.probability, one.listed, false_discovery_rates(one.probability)) for one in lists
    ]
    kinds = {one.name for one in lists}
    nothing = np.full(len(areas), np.nan)
    for name, chance in chances.items():
        if name in kinds:
            continue
        numbers = _numbers_of(name, chance, yardstick)
        own = areas[name].to_numpy(np.float64, na_value=np.nan)
        size = chance.shape[1] - (name == c.COMPOSITE_GROUP)
        parts += [(name, group, chance[:, at], own == group, nothing) for at, group in enumerate(numbers) if at < size]
        if name == c.COMPOSITE_GROUP:  # group <NA>: what is not seen leaves it open
            parts.append((name, None, chance[:, -1], np.isnan(own), nothing))
    n = len(parts)
    names = [part[0] for part in parts]
    return pd.DataFrame(
        {
            areas.index.name: np.repeat(areas.index.to_numpy(), n),
            c.GROUPING: pd.Categorical(np.tile(names, len(areas)), categories=list(dict.fromkeys(names))),
            c.GROUP: pd.array(np.tile(pd.array([part[1] for part in parts], dtype="Int16"), len(areas)), dtype="Int16"),
            c.PROBABILITY: _row_by_row([part[2] for part in parts], np.float64),
            c.COUNTED: _row_by_row([part[3] for part in parts], np.bool_),
            c.FALSE_DISCOVERY_RATE: _row_by_row([part[4] for part in parts], np.float64),
        }
    )


def _row_by_row(columns: list[npt.NDArray[Any]], kind: type) -> npt.NDArray[Any]:
    """Put columns over areas into one, an area after the other; empty where a method has no labels."""
    return np.stack(columns, axis=1).ravel() if columns else np.empty(0, kind)


def _numbers_of(name: str, chance: Array, yardstick: Yardstick) -> Sequence[int]:
    """Give the number of each group of a grouping: clusters have numbers of their own, the others count from 1."""
    return yardstick.cluster_numbers if name == c.CLUSTER else range(1, chance.shape[1] + 1)


def _groups(
    chances: dict[str, Array], found: Simulation, areas: pd.DataFrame, case: Case, yardstick: Yardstick,
    hanging: Hanging,
) -> pd.DataFrame:  # fmt: skip
    method, certainty = case.method, case.method.certainty or Certainty()
    rows = []
    for name, chance in chances.items():
        if name.endswith("_problem"):
            continue
        numbers = _numbers_of(name, chance, yardstick)
        own = areas[name].to_numpy(np.float64, na_value=np.nan)
        size = chance.shape[1] - (name == c.COMPOSITE_GROUP)
        for at, group in list(enumerate(numbers))[:size]:
            number, exact = found.sizes[name][:, at], hanging.counted(name, method)
            low, high = quantiles_of_draws(np.sort(number), certainty.level)
            ends = (np.nan, np.nan, np.nan) if exact.any() else (float(number.mean()), low, high)
            inside, known = own == group, ~np.isnan(chance[:, at])
            assessed = chance[inside & known, at]
            # of a group of which most areas are not assessed the others say nothing
            enough = len(assessed) and (inside & exact).sum() <= len(assessed)
            mean = float(assessed.mean()) if enough else np.nan
            word = str(how_sure(np.array([mean]), certainty)[0])
            rows.append((name, group, *ends, mean, word))
    columns = [c.GROUPING, c.GROUP, c.EXPECTED, c.EXPECTED_LOW, c.EXPECTED_HIGH, c.PROBABILITY, c.HOW_SURE]
    return pd.DataFrame(rows, columns=columns).astype({c.GROUP: "Int8"})


def _say(
    lists: list[_List], found: Simulation, groups: pd.DataFrame, columns: pd.DataFrame, held: pd.Index[str],
    method: Method, certainty: Certainty, hanging: Hanging,
) -> tuple[dict[str, Any], tuple[Note, ...]]:  # fmt: skip
    """Put what was found into figures for the manifest, and into words."""
    judged = {
        (one.name, one.group): judge_list(
            one.probability, one.listed, one.number, certainty.level, certainty.fdr, one.hanging
        )
        for one in lists
    }
    words = columns[c.HOW_SURE].value_counts()
    exact = [factor.key for factor in method.factors if not factor.denominator]
    figures: dict[str, Any] = {
        "drawn": [key for key in method.keys if key not in exact],
        "taken_as_exact": exact,
        "prior": method.shrinkage.towards if method.shrinkage else certainty.prior,
        "draws": found.draws,
        "level": certainty.level,
        "held_fixed": FIXED,
        c.HOW_SURE: {word: int(words.get(word, 0)) for word in ("core", "edge", "undecided", NOT_ASSESSED)},
        "groups": {
            str(name): {str(row[c.GROUP]): _expected(row) for row in part.to_dict("records")}
            for name, part in groups.groupby(c.GROUPING, sort=False)
        },
        "lists": [{"list": name, "group": group, **_plain(one)} for (name, group), one in judged.items()],
        "fdr": certainty.fdr,
    }  # fmt: skip
    notes = [_say_list(group, one) for (name, group), one in judged.items() if name == "composite_list"]
    if c.COMPOSITE_SECOND_PROBABILITY in columns:
        against = against_the_odds(columns.drop(index=held))
        figures["counted_against_the_odds"] = list(against)
        if len(against):
            notes.append(Note("against_the_odds", areas=name_some(against, _SOME), count=len(against)))
    if len(held):
        notes.append(Note("held_in_group", areas=name_some(held, _SOME), count=len(held)))
    if exact:
        notes.append(say_exact(exact))
    hang = {name: int(part.sum()) for name, part in hanging.labels.items() if part.any()}
    if hang:
        figures["hang_on_exact"] = hang
        notes += [_say_hanging(name, count, len(columns)) for name, count in hang.items()]
    return figures, tuple(notes)


def say_exact(keys: Sequence[str]) -> Note:
    """Say which factors have no noise model: their figures are taken as they stand."""
    return Note("taken_as_exact", factors=keys)


def against_the_odds(columns: pd.DataFrame) -> pd.Index[str]:
    """Give the areas that were counted in a composite group less probable than another; a tie is none."""
    return columns.index[columns[c.COMPOSITE_GROUP_PROBABILITY] < columns[c.COMPOSITE_SECOND_PROBABILITY]]


def _say_hanging(name: str, count: int, n_areas: int) -> Note:
    values = {"count": count, "of": n_areas}
    if name == c.COMPOSITE_GROUP:
        return Note("composite_not_assessed", **values)
    return Note("band_not_assessed", **values) if name == c.BAND else Note("cluster_not_assessed", **values)


def _expected(row: dict[Any, Any]) -> dict[str, float | int | None]:
    """Give the areas expected in a group for the manifest; nothing is expected where labels hang on exact figures."""
    if np.isnan(row[c.EXPECTED]):
        return dict.fromkeys(("expected", "low", "high"))
    expected = round(float(row[c.EXPECTED]), 1)
    return {"expected": expected, "low": int(row[c.EXPECTED_LOW]), "high": int(row[c.EXPECTED_HIGH])}


def _plain(one: Listing) -> dict[str, float | int | None]:
    """Write a list for the manifest; how many were not assessed is written where there are some."""
    plain = {key: round(number, 2) if isinstance(number, float) else number for key, number in asdict(one).items()}
    return plain if one.not_assessed else {key: number for key, number in plain.items() if key != "not_assessed"}


def _say_list(group: int, one: Listing) -> Note:
    groups = Note("group_one", group=group) if group == 1 else Note("groups_to", group=group)
    if one.wrong is None or one.missed is None or (one.counted and one.not_assessed == one.counted):
        return Note("list_not_assessed", count=one.counted, groups=groups)
    if one.expected is None:
        return Note(
            "list_partly_assessed", count=one.counted, groups=groups, left=one.not_assessed, wrong=one.wrong,
            missed=one.missed,
        )  # fmt: skip
    return Note(
        "list_expected", count=one.counted, groups=groups, wrong=one.wrong, missed=one.missed, expected=one.expected,
        low=one.low, high=one.high,
    )  # fmt: skip
