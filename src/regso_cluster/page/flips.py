"""What would flip an area: how many persons more or fewer carry a factor over its limit, and the group it would have.

Said of each factor alone, everything else as it was. It is arithmetic on the published counts, no forecast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.judging.problems import rule_holds
from regso_cluster.method import Composite, Yardstick
from regso_cluster.schema import columns as c
from regso_cluster.years.change import persons_to_keep

if TYPE_CHECKING:
    from regso_cluster.release.model import Release


def flip_columns(release: Release) -> dict[str, dict[str, pd.Series]]:
    """Give for each factor what it takes to flip its flag, and the composite group that the area would have then.

    Returns
    -------
    by factor: `persons` (Int64, by area: the least change of the numerator, negative where fewer; as the release has
    it, else worked out, but not of shrunk rates; <NA> without counts or where no numerator would do) and, where the
    method has composite groups, `flipped` (Int8: the group with this flag turned; <NA> where the factor was not seen or
    the group would be undecided)
    """
    method, measured = release.method, release.method.measured or Yardstick()
    if method.problems is None:
        return {}
    suffix = "held" if c.held_of(method.keys[0]) in release.areas else "problem"
    flags = pd.DataFrame({key: release.areas[f"{key}_{suffix}"].astype("boolean") for key in method.keys})
    table, found = release.table, {}
    for factor in method.factors:
        key, columns = factor.key, {}
        seen = flags[key].notna().to_numpy(bool)
        problem = flags[key].fillna(False).to_numpy(bool)
        known = c.flip_persons_of(key)
        if known in release.areas and factor.level == "area" and suffix == "problem":
            columns["persons"] = release.areas[known].astype("Int64").mask(~seen)
        elif factor.value is None and factor.level == "area" and key in measured.limits and not method.shrinkage:
            limit = measured.limits[key]
            limits = np.where(problem, measured.leave_limits.get(key, limit), limit)
            counts = pd.DataFrame({c.NUMERATOR: table.numerator[key], c.DENOMINATOR: table.denominator[key]})
            persons = persons_to_keep(factor, method, limits, ~problem, counts)
            columns["persons"] = persons.mask(~seen)
        if method.composite and not (method.composite.steady and method.composite.steady.years):
            turned = flags.assign(**{key: ~flags[key]})
            columns["flipped"] = pd.Series(_group(turned, method.composite), flags.index).mask(~seen)
        found[key] = columns
    return found


def _group(flags: pd.DataFrame, composite: Composite) -> pd.api.extensions.ExtensionArray:
    """Give the composite group by flags alone, <NA> where unseen factors leave it undecided."""
    ends: list[npt.NDArray[np.int8]] = []
    for unseen in (False, True):
        full = {key: flags[key].fillna(unseen).to_numpy(bool) for key in flags.columns}
        holds = [rule_holds(group.rule, full) for group in composite.groups]
        ends.append(np.select(holds, list(range(1, len(holds) + 1)), len(holds) + 1).astype(np.int8))
    group = pd.array(ends[0], dtype="Int8")
    group[ends[0] != ends[1]] = pd.NA
    return group
