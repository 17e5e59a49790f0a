"""A case: one table under one method, which every step of a classification reads.

Its rates are shrunk once, its values are scaled once for each yardstick, and the direction of each factor is known in
this one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from regso_cluster.factors.rates import OBSERVED, TOO_FEW
from regso_cluster.factors.scales import Parameters, apply_scale
from regso_cluster.factors.shrinkage import Shrunk, ShrunkFactors, shrink_table
from regso_cluster.factors.tables import FactorTable
from regso_cluster.judging.composite import composite_index
from regso_cluster.method import Factor, Method, Scale, Yardstick
from regso_cluster.schema import columns as c

Array = npt.NDArray[np.float64]
Use = Literal["index", "clusters"]


@dataclass(frozen=True)
class Case:
    """One table under one method.

    Parameters
    ----------
    method : the choices
    counted : the table as it was read: rates that the counts give
    table : the same with shrunk rates, where the method shrinks them
    used : (n_areas, n_factors) the values that are classified, in the units of the factors; NaN where not observed
    weights : (n_areas,) residents, 0 where an area has too few; None where no step of the method weighs by them
    factors : each factor of `counted` drawn towards its parent, see `shrunk`
    """

    method: Method
    counted: FactorTable
    table: FactorTable
    used: pd.DataFrame
    weights: Array | None
    factors: ShrunkFactors
    _scores: dict[Use, list[tuple[Parameters, pd.DataFrame]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def signs(self) -> Array:
        """1 where high is worse, -1 where low is worse: (n_factors,)."""
        return signs_of(self.method.factors)

    @property
    def towards(self) -> str:
        """The parent that rates are drawn towards: of the method's shrinkage, else of the prior of its certainty."""
        if self.method.shrinkage:
            return self.method.shrinkage.towards
        prior = self.method.certainty.prior if self.method.certainty else "country"
        return "country" if prior == "profiles" else prior

    def shrunk(self, factor: Factor) -> Shrunk | None:
        """Give a factor drawn towards the parent of the case; None where it has no counts.

        Raises
        ------
        InputError  fewer than two observed areas
        """
        return self.factors.of(factor, self.towards)

    def scores(self, use: Use, yardstick: Yardstick) -> pd.DataFrame:
        """Give the values scaled for the index or the clusters: (n_areas, n_factors), high is worse; do not change."""
        known = self._scores.setdefault(use, [])
        parameters = yardstick.scales[use]
        for given, scores in known:
            if given == parameters:
                return scores
        known.append((parameters, self.scaled(self.used, use, yardstick)))
        return known[-1][1]

    def scaled(self, values: pd.DataFrame, use: Use, yardstick: Yardstick) -> pd.DataFrame:
        """Scale other values of some of the factors likewise; the columns are keys of factors."""
        part = self.method.index if use == "index" else self.method.clusters
        if part is None:
            raise ValueError(f"the method has no {use}")
        of_key = {factor.key: factor for factor in self.method.factors}
        return scale_factors(values, part.scale, [of_key[key] for key in values.columns], yardstick.scales[use])

    def index(self, yardstick: Yardstick) -> pd.Series:
        """Give the index of each area; NaN throughout where the method has none."""
        if self.method.index is None:
            return pd.Series(np.nan, index=self.used.index)
        return composite_index(self.scores("index", yardstick), self.method.index, self.method.factors)[c.INDEX]


def signs_of(factors: Sequence[Factor]) -> Array:
    """Give 1 for each factor of which high is worse, -1 where low is worse."""
    return np.array([factor.sign for factor in factors])


def scale_factors(
    values: pd.DataFrame, scale: Scale, factors: Sequence[Factor], parameters: Parameters
) -> pd.DataFrame:
    """Scale values by measured parameters: high is worse, NaN stays NaN; a column a factor, in the same order."""
    return apply_scale(values, scale, signs_of(factors), parameters)


def as_counted(table: FactorTable, method: Method) -> Case:
    """Take the rates of a table as they are, shrunk already or never: the case of a table read from a release."""
    residents = table.areas[c.POPULATION].where(table.areas[c.STATUS] != TOO_FEW).fillna(0).to_numpy(np.float64)
    # a table may bring no residents where the method asks for none
    weights = residents if method.needs_population else None
    return Case(method, table, table, observed(table), weights, ShrunkFactors(table))


def observed(table: FactorTable) -> pd.DataFrame:
    """Give the values that are observed, NaN elsewhere: (n_areas, n_factors)."""
    return table.value.where(table.status == OBSERVED)


def make_case(counted: FactorTable, method: Method, factors: ShrunkFactors | None = None) -> Case:
    """Make the case of a table as it was read; rates are shrunk where the method asks for it.

    Parameters
    ----------
    counted : checked factors, from `read_factors` with the same method
    method : the choices
    factors : the factors of this table, where they were shrunk for another method; None shrinks them when asked

    Raises
    ------
    InputError  a factor to shrink with fewer than two observed areas
    """
    factors = factors or ShrunkFactors(counted)
    plain = as_counted(counted, method)
    if method.shrinkage is None:
        return replace(plain, factors=factors)
    table = shrink_table(counted, method, factors)[0]
    return replace(plain, table=table, used=observed(table), factors=factors)
