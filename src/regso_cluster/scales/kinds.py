"""The kinds of scales that a method may name: one row a kind.

A row has all that the package knows of a kind: its transformer, what follows from its form, and its line in
docs/method.md. A new kind is a row here, with a transformer of its own if it needs one. Transformers are imported when
one is made, since scikit-learn is slow to load and a method is read without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from regso_cluster.scales.transformers import ColumnScale


class Settings(Protocol):
    """The settings of a scale in a method that a transformer may take."""

    @property
    def ddof(self) -> int:
        """0 divides by n, 1 by n - 1."""

    @property
    def constant(self) -> float:
        """Of the exponential rank."""


@dataclass(frozen=True)
class ScaleKind:
    """What is known of a kind of scale.

    Parameters
    ----------
    make : gives the transformer for the settings of a method; None where the kind changes nothing
    says : what it does, for the docs
    takes : the settings that it uses
    line : draws take the score as a straight line in the value; else they read it from a table
    in_sd : the unit is standard deviations, so that clusters may be named by how many they are off the country
    """

    make: Callable[[Settings], ColumnScale] | None
    says: str
    takes: tuple[str, ...] = ()
    line: bool = False
    in_sd: bool = False


def _z(settings: Settings) -> ColumnScale:
    from regso_cluster.scales.transformers import ZScore

    return ZScore(settings.ddof)


def _robust_z(_: Settings) -> ColumnScale:
    from regso_cluster.scales.transformers import RobustZ

    return RobustZ()


def _percent_rank(_: Settings) -> ColumnScale:
    from regso_cluster.scales.transformers import PercentRank

    return PercentRank()


def _exponential_rank(settings: Settings) -> ColumnScale:
    from regso_cluster.scales.transformers import ExponentialRank

    return ExponentialRank(settings.constant)


def _min_max(_: Settings) -> ColumnScale:
    from regso_cluster.scales.transformers import MinMax

    return MinMax()


SCALES: dict[str, ScaleKind] = {
    "none": ScaleKind(None, "the values as they are", line=True),
    "z": ScaleKind(
        _z, "less the mean, in standard deviations", ("weighting", "ddof"), line=True, in_sd=True,
    ),
    "robust_z": ScaleKind(
        _robust_z, "less the median, in 1.4826 median absolute deviations", ("weighting",), line=True, in_sd=True,
    ),
    "percent_rank": ScaleKind(_percent_rank, "(rank - 1) / (n - 1), ties at their lowest rank"),
    "exponential_rank": ScaleKind(
        _exponential_rank, "the exponential transformation of the rank, ties at their mean rank", ("constant",)
    ),
    # a line too; read from a table, so that a release repeated keeps its bytes
    "min_max": ScaleKind(_min_max, "0 for the lowest value, 1 for the highest"),
}  # fmt: skip
