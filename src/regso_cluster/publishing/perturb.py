"""Counts moved by a few persons with a secret key: the same figure of the same area is always moved alike.

Rounding: Hundepool et al. (2012), *Statistical Disclosure Control*, section 5.4. Cell keys: Fraser and Wooton (2005),
*A proposed method for confidentialising tabular output to protect against differencing*, ABS. Because the draw of a
count depends on the area, the count and its denominator alone, nobody can average it away over years, factors or files.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from regso_cluster.errors import Fault, InputError
from regso_cluster.publishing.choose import Slack
from regso_cluster.publishing.counts import RESIDENTS, Counts, Floats

Way = Literal["suppress", "round", "cellkey"]


@dataclass(frozen=True)
class Perturbation:
    """How counts are moved.

    Parameters
    ----------
    way : "round" to multiples of `size`; "cellkey": up to `size` persons up or down
    size : base or largest move
    key : secret bytes; with them anyone can undo it
    """

    way: Way
    size: int
    key: bytes

    def __post_init__(self) -> None:
        if self.size < 2 or len(self.key) < 16:
            hint = "Give a base or largest move of 2 or more, and a key of 16 bytes or more."
            raise InputError(Fault("no perturbation", "--size", got=f"{self.size}, {len(self.key)} bytes", hint=hint))


def perturb(counts: Counts, how: Perturbation) -> tuple[Counts, Slack]:
    """Move every count.

    Parameters
    ----------
    counts : true counts
    how : the perturbation

    Returns
    -------
    the moved counts, none below 0 and no numerator above its denominator; and how far someone who knows `way` and
    `size` can imagine each numerator from its true value
    """
    people = counts.factor == RESIDENTS
    # the side with fewer persons is moved: passed and failed pupils of one school are moved together
    is_low = np.nan_to_num(counts.numerator) * 2 <= counts.denominator
    low = np.where(people, 0.0, np.fmin(counts.numerator, counts.without))
    sizes = np.array([f"{area}|d|{d:.0f}" for area, d in zip(counts.area, counts.denominator, strict=True)])
    cells = [f"{area}|n|{n:.0f}|{d:.0f}" for area, n, d in zip(counts.area, low, counts.denominator, strict=True)]
    denominator = _move(counts.denominator, _draw(list(sizes), how.key), how)
    moved = np.minimum(_move(low, _draw(cells, how.key), how), denominator)
    numerator = np.where(people, np.nan, np.where(is_low, moved, denominator - moved))
    reach = how.size - 1 if how.way == "round" else how.size
    down, up = low - np.maximum(moved - reach, 0.0), np.maximum(moved + reach - low, 0.0)
    slack = Slack(np.where(is_low, down, up), np.where(is_low, up, down))
    slack = Slack(np.where(people, 0.0, np.maximum(slack.down, 0.0)), np.where(people, 0.0, np.maximum(slack.up, 0.0)))
    return replace(counts, numerator=numerator, denominator=denominator), slack


def _move(values: Floats, draws: Floats, how: Perturbation) -> Floats:
    """Move counts by draws from 0 to 1; a count of 0 stays."""
    if how.way == "round":
        floor = np.floor(values / how.size)
        part = values / how.size - floor
        return np.asarray(how.size * (floor + (draws < part)), np.float64)
    step = np.floor(draws * (2 * how.size + 1)) - how.size
    return np.where(values > 0, np.maximum(values + step, 0.0), 0.0)


def _draw(names: list[str], key: bytes) -> Floats:
    """Draw a number from 0 to 1 for each name."""
    known = {name: hmac.new(key, name.encode(), hashlib.sha256).digest()[:7] for name in set(names)}
    return np.array([int.from_bytes(known[name], "big") / 2**56 for name in names], np.float64)
