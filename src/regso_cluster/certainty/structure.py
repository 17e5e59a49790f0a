"""Does the structure exist? For each number of groups what speaks for it, and a stated rule: types or bands.

k groups *stand* when all of these hold (the cut-offs are choices of the method, `StructureRule`):

    gap                   they hold together better than groups in clouds of the same covariance, by more than
                          `gap_errors` standard errors and by at least the share `least_gap` of the scatter
    prediction strength   groups found on one half of the areas predict those of the other: at least `strength`
    Jaccard               every group is found again on resampled areas: at least `jaccard` on average

The choice is the largest number that stands (Tibshirani and Walther 2005, section 3). Where none does the areas are
a cloud: lines drawn through it make *bands, not types*. At thousands of areas any departure from a normal cloud
is significant; hence the least share, and clouds with the skewness and tails of the factors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.certainty.null_data import Cloud, Margins, TooFewAreasError, draw_cloud, measure_cloud
from regso_cluster.certainty.resampling import Effort, Floats, Integers, ResampledRows, fit, lay_out
from regso_cluster.certainty.stability import best_labels, bootstrap, judge_jaccard, prediction_strength
from regso_cluster.clustering.validity import silhouette
from regso_cluster.errors import Fault
from regso_cluster.method import StructureRule
from regso_cluster.parallel import Workers, child_seed, run_batches
from regso_cluster.schema import columns as c
from regso_cluster.words.notes import Note

CLOUDS, DATA = 4, 5  # which stream a seed is of
GAP_EFFORT = Effort(starts=10, swaps=0)


@dataclass(frozen=True)
class Gap:
    """The gap statistic for several numbers of groups.

    Parameters
    ----------
    k : (n_k,) numbers of groups
    gap : (n_k,) mean log scatter within groups of the clouds, less that of the table; 0.1 is 10 per cent less scatter
    error : (n_k,) standard deviation of the clouds' log scatter times sqrt(1 + 1 / n_clouds)
    table : (n_k,) log scatter of the table; clouds : (n_clouds, n_k)
    """

    k: tuple[int, ...]
    gap: Floats
    error: Floats
    table: Floats
    clouds: Floats


def gap_statistic(
    X: npt.ArrayLike,
    k: Sequence[int],
    weights: npt.ArrayLike | None = None,
    *,
    n_clouds: int = 50,
    margins: Margins = "skewed",
    seed: int = 0,
    effort: Effort | None = None,
    workers: Workers | None = None,
) -> Gap:
    """Compare the scatter within groups with that in clouds without groups.

    Parameters
    ----------
    X : (n_areas, n_factors) scaled, NaN where not observed; the clouds have the same gaps
    k : numbers of groups, rising
    weights : (n_areas,) residents; None weighs areas equally
    n_clouds, margins : how many clouds, and of which kind, see `clouds`
    seed, effort, workers : see `bootstrap`; table and clouds are searched with the same effort

    Raises
    ------
    InputError  fewer different areas than groups; too few complete areas to measure a covariance

    Notes
    -----
    Tibshirani, R., Walther, G. and Hastie, T. (2001), "Estimating the number of clusters in a data set via the gap
    statistic", Journal of the Royal Statistical Society B 63, sections 3 and 4. Their references are uniform, in a box
    along the factors or the principal components; ours are clouds of the same covariance, see `clouds` for why.
    """
    layout = lay_out(X, weights)
    cloud = measure_cloud(np.array(X, dtype=np.float64, ndmin=2)[layout.order], layout.weights, margins)
    return _gap(layout, cloud, tuple(k), n_clouds, seed, effort or GAP_EFFORT, workers)


def _gap(
    layout: ResampledRows,
    cloud: Cloud,
    k: tuple[int, ...],
    n_clouds: int,
    seed: int,
    effort: Effort,
    workers: Workers | None,
) -> Gap:
    if len(layout.begins) < max(k):
        expected, got = f"at most {len(layout.begins)}", str(max(k))
        fault = Fault("fewer different areas than groups", "k", expected, got, "Ask for fewer groups.")
        raise TooFewAreasError(fault, Note("too_few_different_areas", count=len(layout.begins), least=max(k)))
    todo = [_Searches(k, seed, effort, number) for number in range(-1, n_clouds)]
    scatter = np.array(run_batches(_scatter, _Ground(layout, cloud), todo, workers))
    log = np.log(np.maximum(scatter, np.finfo(np.float64).tiny))
    table, clouds = log[0], log[1:]
    error = clouds.std(axis=0) * np.sqrt(1 + 1 / n_clouds)
    return Gap(k, clouds.mean(axis=0) - table, error, table, clouds)


class _Ground(NamedTuple):
    """What all searches share: the table, and what clouds are drawn from."""

    layout: ResampledRows
    cloud: Cloud


class _Searches(NamedTuple):
    """Searches for each k on the table (number -1) or on one cloud."""

    k: tuple[int, ...]
    seed: int
    effort: Effort
    number: int


def _scatter(shared: _Ground, searches: _Searches) -> list[float]:
    """Give the scatter within groups for each k."""
    layout, cloud = shared
    k, seed, effort, number = searches
    points = layout.points
    if number >= 0:
        generator = np.random.Generator(np.random.PCG64(child_seed(seed, CLOUDS, number)))
        points = lay_out(draw_cloud(cloud, generator), cloud.weights).points
    stream = (CLOUDS, number) if number >= 0 else (DATA,)
    fits = [fit(points, one, child_seed(seed, *stream, one), effort) for one in k]
    return [found.objective if found else 0.0 for found in fits]


@dataclass(frozen=True)
class Structure:
    """What speaks for each number of groups, and what follows.

    Parameters
    ----------
    by_k : a row a number of groups, indexed by k: silhouette, gap, gap_error, less_scatter (share less than in
        clouds), stability (mean adjusted Rand index), strength, strength_error, jaccard (the least of the groups),
        smallest (residents of the smallest group), stands, fails (what it fails, in words)
    groups : a row a k and group: areas, residents, jaccard, verdict (Hennig), silhouette
    verdict : "types" or "bands"
    choice : the number of groups that stands; None for bands
    runner_up : the next best number, None where one k was looked at
    reason : the choice and its runner-up in words
    rule : the cut-offs
    labels : by k, (n_areas,) groups found on the table, -1 for no part
    """

    by_k: pd.DataFrame
    groups: pd.DataFrame
    verdict: Literal["types", "bands"]
    choice: int | None
    runner_up: int | None
    reason: Note
    rule: StructureRule
    labels: dict[int, Integers]


def assess_structure(
    X: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    rule: StructureRule | None = None,
    *,
    residents: npt.ArrayLike | None = None,
    seed: int = 0,
    workers: Workers | None = None,
) -> Structure:
    """Find out for each number of groups what speaks for it, and whether there are types at all.

    Parameters
    ----------
    X : (n_areas, n_factors) scaled, NaN where not observed
    weights : (n_areas,) residents; None weighs areas equally
    rule : which numbers of groups, how many clouds, resamples and splits, and the cut-offs
    residents : (n_areas,) to count groups by, where they do not weigh; all NaN where nobody knows; None counts by the
        weights
    seed, workers : see `bootstrap`

    Raises
    ------
    InputError  fewer different areas than groups; too few complete areas to measure a covariance
    """
    rule = rule or StructureRule()
    layout = lay_out(X, weights)
    values = np.array(X, dtype=np.float64, ndmin=2)
    given = np.zeros(layout.n_rows)
    given[layout.order] = layout.weights
    counted = given if residents is None else np.asarray(residents, dtype=np.float64)
    most = min(rule.most, len(layout.begins) // 2)
    numbers = tuple(range(rule.fewest, most + 1))
    if not numbers:
        expected, got = f"{2 * rule.fewest} different areas or more", str(len(layout.begins))
        fault = Fault("too few areas to look for structure", "X", expected, got, "Classify more areas.")
        raise TooFewAreasError(fault, Note("too_few_different_areas", count=len(layout.begins), least=2 * rule.fewest))
    cloud = measure_cloud(values[layout.order], layout.weights, rule.clouds_like)
    gap = _gap(layout, cloud, numbers, rule.clouds, seed, GAP_EFFORT, workers)
    rows, groups, labels = [], [], {}
    for place, k in enumerate(numbers):
        labels[k] = best_labels(layout, k, seed, workers=workers or Workers())
        row, own = _assess(values, (given, counted), layout, k, labels[k], rule, seed, workers)
        row |= {"gap": gap.gap[place], "gap_error": gap.error[place], "less_scatter": -np.expm1(-gap.gap[place])}
        rows.append(row)
        groups.append(own)
    by_k = pd.DataFrame(rows).set_index("k")
    by_k = by_k[["silhouette", "gap", "gap_error", "less_scatter", "stability", "strength", "strength_error",
                 "jaccard", "smallest"]]  # fmt: skip
    by_k["fails"] = [", ".join(failed(row, rule)) for row in by_k.to_dict("records")]
    by_k["stands"] = by_k["fails"] == ""
    verdict, choice, runner_up, reason = _choose(by_k, rule)
    return Structure(by_k, pd.concat(groups, ignore_index=True), verdict, choice, runner_up, reason, rule, labels)


def _assess(
    values: Floats, weighing: tuple[Floats, Floats], layout: ResampledRows, k: int, labels: Integers,
    rule: StructureRule,
    seed: int, workers: Workers | None,
) -> tuple[dict[str, float], pd.DataFrame]:  # fmt: skip
    again = bootstrap(layout, labels, k, n_resamples=rule.resamples, seed=seed, workers=workers)
    strength = prediction_strength(layout, k, n_splits=rule.splits, seed=seed, workers=workers)
    weights, residents = weighing
    whole = ~np.isnan(values).any(axis=1) & (labels >= 0)
    sharp = silhouette(values[whole], labels[whole], weights[whole])
    jaccard = again.jaccard.mean(axis=0)
    held = np.bincount(labels[labels >= 0], residents[labels >= 0], k)
    by_group = dict(zip(sharp.groups.tolist(), sharp.group_means.tolist(), strict=True))
    groups = pd.DataFrame({
        "k": k, c.GROUP: np.arange(1, k + 1), c.AREAS: np.bincount(labels[labels >= 0], minlength=k), c.RESIDENTS: held,
        "jaccard": jaccard, "verdict": [judge_jaccard(float(one)) for one in jaccard],
        "silhouette": [by_group.get(group, float("nan")) for group in range(k)],
    })  # fmt: skip
    row = {"k": k, "silhouette": sharp.mean, "stability": again.stability, "strength": strength.mean,
           "strength_error": strength.standard_error, "jaccard": float(jaccard.min()),
           "smallest": float(held.min())}  # fmt: skip
    return row, groups


def failed(row: Mapping[Any, Any], rule: StructureRule) -> list[str]:
    """Name what a number of groups fails: of "gap", "prediction strength", "Jaccard"; none where it stands.

    Parameters
    ----------
    row : gap, gap_error, less_scatter, strength, jaccard of one number of groups
    rule : the cut-offs
    """
    fails = []
    if not (row["gap"] > rule.gap_errors * row["gap_error"] and row["less_scatter"] >= rule.least_gap):
        fails.append("gap")
    if not row["strength"] >= rule.strength:
        fails.append("prediction strength")
    if not row["jaccard"] >= rule.jaccard:
        fails.append("Jaccard")
    return fails


def _choose(by_k: pd.DataFrame, rule: StructureRule) -> tuple[Literal["types", "bands"], int | None, int | None, Note]:
    """Pick the largest number that stands, and its runner-up; say why."""
    rows = {int(k): row for k, row in zip(by_k.index.to_numpy(), by_k.to_dict("records"), strict=True)}
    standing = [k for k, row in rows.items() if row["stands"]]
    if not standing:
        # the one that comes nearest fails least, and of those predicts best
        nearest = min(rows, key=lambda k: (rows[k]["fails"].count(","), -rows[k]["strength"], k))
        fails = _say(rows[nearest], rule)
        reason = Note("no_number_stands", fewest=min(rows), most=max(rows), nearest=nearest, fails=fails)
        return "bands", None, nearest, reason
    choice = standing[-1]
    row, others = rows[choice], {k: row for k, row in rows.items() if k != choice}
    reason = Note(
        "largest_number", k=choice, scatter=100 * row["less_scatter"], strength=row["strength"], jaccard=row["jaccard"]
    )
    if not others:
        return "types", choice, None, reason
    best = max(others, key=lambda k: (others[k]["strength"], -k))
    runner_up = standing[-2] if len(standing) > 1 else best
    other = others[runner_up]
    if other["stands"]:
        return "types", choice, runner_up, Note("largest_number_runner_up_stands", chosen=reason, other=runner_up)
    said = Note("largest_number_runner_up_fails", chosen=reason, other=runner_up, fails=_say(other, rule))
    return "types", choice, runner_up, said


def _say(row: Mapping[Any, Any], rule: StructureRule) -> list[Note]:
    said = {
        "gap": Note(
            "fails_gap", scatter=100 * row["less_scatter"], gap=row["gap"], least=100 * rule.least_gap,
            errors=rule.gap_errors, wanted=rule.gap_errors * row["gap_error"],
        ),
        "prediction strength": Note("fails_strength", value=row["strength"], wanted=rule.strength),
        "Jaccard": Note("fails_jaccard", value=row["jaccard"], wanted=rule.jaccard),
    }  # fmt: skip
    return [said[fail] for fail in str(row["fails"]).split(", ")]


def say_structure(structure: Structure, n_clusters: int) -> list[Note]:
    """Say in a release whether its clusters are types: for a cloud *bands, not types*.

    Parameters
    ----------
    structure : of the same areas and scale
    n_clusters : how many the release has
    """
    if structure.verdict == "bands":
        return [Note("clusters_are_bands", reason=structure.reason, k=n_clusters)]
    if structure.choice == n_clusters:
        return [Note("clusters_are_types", reason=structure.reason)]
    rows = dict(zip(structure.by_k.index.to_numpy().tolist(), structure.by_k.to_dict("records"), strict=True))
    own = rows.get(n_clusters)
    if own is None:
        return [Note("structure_of_others", k=n_clusters, reason=structure.reason)]
    if own["stands"]:
        return [Note("clusters_stand_too", k=n_clusters, reason=structure.reason)]
    fails = _say(own, structure.rule)
    return [Note("clusters_do_not_stand", k=n_clusters, fails=fails, reason=structure.reason)]


def structure_figures(structure: Structure, n_clusters: int) -> dict[str, Any]:
    """Give the figures for a manifest: the verdict, the choice, and what speaks for each number of clusters."""
    by_k = structure.by_k
    columns = [*by_k.columns.difference(["fails", "stands"], sort=False)]
    return {
        "verdict": structure.verdict, "choice": structure.choice, "runner_up": structure.runner_up,
        "own_stands": bool(by_k.loc[n_clusters, "stands"]) if n_clusters in by_k.index else None,
        "reason": str(structure.reason),
        "by_k": {
            str(k): {name: round(float(by_k.loc[k, name]), 4) for name in columns} | {"fails": by_k.loc[k, "fails"]}
            for k in by_k.index
        },
    }  # fmt: skip
