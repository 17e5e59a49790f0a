"""The names of the groups of each grouping, by number."""

from __future__ import annotations

import pandas as pd

from regso_cluster.method import Banding, Method, Text, Yardstick
from regso_cluster.words.phrases import phrase


def name_groups(groups: pd.Series, names: dict[int, Text]) -> pd.Series:
    """Give the Swedish name of each area's group."""
    return groups.map({number: name.sv for number, name in names.items()}).astype("string")


def composite_names(method: Method) -> dict[int, Text]:
    """Name the composite groups by number, that of all other areas last."""
    composite = method.composite
    return dict(enumerate([*(group.name for group in composite.groups), composite.none], start=1)) if composite else {}


def band_names(method: Method) -> dict[int, Text]:
    """Name the bands of the index by number."""
    return banding_names(method.bands, phrase("group_number")) if method.bands else {}


def banding_names(banding: Banding, what: Text) -> dict[int, Text]:
    """Name the groups of a banding by number: as the method does, else by `what` and the number."""
    numbers = range(1, banding.size + 1)
    return dict(zip(numbers, banding.names or [Text(f"{what.sv} {n}", f"{what.en} {n}") for n in numbers], strict=True))


def cluster_names(measured: Yardstick) -> dict[int, Text]:
    """Name the clusters of a yardstick by number."""
    return dict(zip(measured.cluster_numbers, measured.cluster_names, strict=True))
