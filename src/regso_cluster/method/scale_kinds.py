"""The kinds of scales, one row each: what the rest of the house has to know of a scale beside its arithmetic.

The arithmetic is in `factors.scales`, one row a kind under the same name; a test holds the two lists together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ScaleKind = Literal["none", "z", "robust_z", "percent_rank", "exponential_rank", "min_max"]


@dataclass(frozen=True)
class ScaleFacts:
    """What is known of a kind of scale.

    Parameters
    ----------
    line : draws take the score as a straight line in the value; else they read it from a table
    in_sd : the unit is standard deviations, so that clusters may be named by how many they are off the country
    """

    line: bool = False
    in_sd: bool = False


SCALES: dict[ScaleKind, ScaleFacts] = {
    "none": ScaleFacts(line=True),
    "z": ScaleFacts(line=True, in_sd=True),
    "robust_z": ScaleFacts(line=True, in_sd=True),
    "percent_rank": ScaleFacts(),
    "exponential_rank": ScaleFacts(),
    "min_max": ScaleFacts(),  # a line too; read from a table, so that a release repeated keeps its bytes
}
