"""A case measured, and every area of it classified by a yardstick: its own, or that of another year."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from regso_cluster.factors.rates import TOO_FEW
from regso_cluster.factors.scales import fit_scale
from regso_cluster.judging.case import Case
from regso_cluster.judging.composite import composite_index
from regso_cluster.judging.group_names import band_names, cluster_names, composite_names, name_groups
from regso_cluster.judging.hysteresis import measure_leave_limits
from regso_cluster.judging.problems import flag_problems, group_by_problems, measure_limits
from regso_cluster.judging.tiers import band, measure_cuts
from regso_cluster.judging.typology import nearest_clusters
from regso_cluster.method import Yardstick
from regso_cluster.schema import columns as c


def measure(case: Case) -> Yardstick:
    """Measure what is relative to a table, without clusters: limits, scales, cut points."""
    method, used, weights = case.method, case.used, case.weights
    limits = measure_limits(used, method, weights) if method.problems else {}
    yardstick = Yardstick(
        limits=limits, leave_limits=measure_leave_limits(used, method, limits, weights),
        choices_sha256=method.identity,
    )  # fmt: skip
    scales = {
        use: fit_scale(used, part.scale, case.signs, weights)
        for use, part in (("index", method.index), ("clusters", method.clusters))
        if part
    }
    yardstick = replace(yardstick, scales=scales)
    bands: tuple[float, ...] = ()
    if method.bands:
        bands = measure_cuts(case.index(yardstick).to_numpy(), method.bands, weights, "index")
    tiers = {}
    if method.tiers:
        for factor in method.factors:
            turned = factor.sign * used[factor.key].to_numpy()
            cuts = measure_cuts(turned, method.tiers, weights, f"factor {factor.key}")
            tiers[factor.key] = tuple(factor.sign * cut for cut in cuts)
    return replace(yardstick, bands=bands, tiers=tiers)


def judge(case: Case, yardstick: Yardstick) -> pd.DataFrame:
    """Classify every area by a yardstick that was measured with the same factors.

    Returns
    -------
    (n_areas,) scores, problems, composite group, index, bands, tiers and cluster, as the method has them
    """
    method, table, used = case.method, case.table, case.used
    judged = pd.DataFrame(index=used.index)
    if method.index:
        judged = judged.join(case.scores("index", yardstick).add_suffix("_score"))
    if method.problems:
        flags = flag_problems(used, method, yardstick.limits)
        judged = judged.join(flags.add_suffix("_problem"))
        judged[c.N_PROBLEMS] = flags.sum(axis=1).astype("Int8").mask(flags.isna().all(axis=1))
    judged[c.N_OBSERVED] = used.notna().sum(axis=1).astype("Int8")
    for factor in method.factors if method.tiers else ():
        cuts = tuple(factor.sign * cut for cut in yardstick.tiers[factor.key])
        judged[c.tier_of(factor.key)] = band(factor.sign * used[factor.key].to_numpy(), cuts)
    if method.composite:
        judged = judged.join(group_by_problems(flags, table.status, method.composite))
        few = (table.areas[c.STATUS] == TOO_FEW).to_numpy()
        judged.loc[few, c.COMPOSITE_REASON] = TOO_FEW
        judged[c.COMPOSITE_GROUP_NAME] = name_groups(judged[c.COMPOSITE_GROUP], composite_names(method))
    if method.index:
        judged = judged.join(composite_index(case.scores("index", yardstick), method.index, method.factors))
        if method.bands:
            judged[c.BAND] = band(judged[c.INDEX].to_numpy(), yardstick.bands)
            judged[c.BAND_NAME] = name_groups(judged[c.BAND], band_names(method))
    return judged.join(_place_in_clusters(case, yardstick)) if method.clusters else judged


def _place_in_clusters(case: Case, yardstick: Yardstick) -> pd.DataFrame:
    """Give the nearest and the second nearest cluster of each area, and the name of the nearest."""
    scores = case.scores("clusters", yardstick)
    nearest, second = nearest_clusters(scores.to_numpy(), np.array(yardstick.centres), yardstick.cluster_numbers)
    placed = pd.DataFrame(
        {
            column: pd.Series(labels, scores.index, dtype="Int8").mask(labels == 0)
            for column, labels in ((c.CLUSTER, nearest), (c.CLUSTER_SECOND, second))
        }
    )
    return placed.assign(cluster_name=name_groups(placed[c.CLUSTER], cluster_names(yardstick)))


def judge_beside(case: Case, baseline: Yardstick) -> pd.DataFrame:
    """Classify every area by an earlier yardstick too: problems, composite group and index, in columns of their own.

    Order of areas as in `judge`; the columns end with `_absolute`. No no-flicker rule is applied.
    """
    method = replace(case.method, tiers=None, clusters=None)
    judged = judge(replace(case, method=method), baseline)
    kept = [c.problem_of(key) for key in method.keys]
    kept += [c.N_PROBLEMS, c.COMPOSITE_GROUP, c.COMPOSITE_GROUP_NAME, c.COMPOSITE_STATUS, c.INDEX, c.BAND, c.BAND_NAME]
    return judged[[column for column in kept if column in judged]].add_suffix("_absolute")
