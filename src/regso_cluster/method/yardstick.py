"""What a run measured on its own table, and the release that it was taken from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from regso_cluster.method.parts import STRICT, Count
from regso_cluster.schema import Text


@dataclass(frozen=True, config=STRICT)
class Yardstick:
    """What a run measured on its own table: with it the same areas can be judged again, and other areas likewise.

    Every value is in the unit of the factor. `limits`: one a factor; `leave_limits`, with a no-flicker rule: where a
    factor ceases to be a problem. `scales`: for each use ("index", "clusters") and
    factor the fitted parameters (`low`, `high` of winsorising; `centre`, `spread`; for rank scales `reference`, the
    distribution that is ranked against, see `factors.scales`). `bands`: cut points of the index, worst first; `tiers`
    the same a factor. `centres`: (n_clusters, n_factors) in the scaled space, by rising number; `cluster_named_at`
    likewise, in the year the name was given; `cluster_last`: the highest number ever given, so that none is used twice.
    `choices_sha256`: of the method that it was measured for; with other choices it would judge wrongly, and is refused.
    `synthetic`: measured on made-up figures.
    """

    limits: dict[str, float] = Field(default_factory=dict)
    leave_limits: dict[str, float] = Field(default_factory=dict)
    scales: dict[str, dict[str, dict[str, float | str]]] = Field(default_factory=dict)
    bands: tuple[float, ...] = ()
    tiers: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    centres: tuple[tuple[float, ...], ...] = ()
    cluster_numbers: tuple[Count, ...] = ()
    cluster_names: tuple[Text, ...] = ()
    cluster_named_at: tuple[tuple[float, ...], ...] = ()
    cluster_last: Annotated[int, Field(ge=0)] = 0
    choices_sha256: str = ""
    synthetic: bool = False


@dataclass(frozen=True, config=STRICT)
class Origin:
    """The release that a yardstick was taken from.

    `manifest_sha256` is that release's own hash; `yardstick_sha256` that of the yardstick, so that limits changed by
    hand are not taken for those of the release.
    """

    release: str
    year: int
    manifest_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    yardstick_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


@dataclass(frozen=True, config=STRICT)
class Baseline:
    """An earlier yardstick that a method carries beside its own: every area is judged by both."""

    origin: Origin
    measured: Yardstick


_YARDSTICK: TypeAdapter[Yardstick] = TypeAdapter(Yardstick)


def hash_plain(plain: dict[str, Any]) -> str:
    """SHA-256 of plain data in canonical form: the order of keys does not count."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def hash_yardstick(yardstick: Yardstick) -> str:
    """SHA-256 of what a yardstick measured, in canonical form; what later versions add to it does not count."""
    return hash_plain(_YARDSTICK.dump_python(replace(yardstick, choices_sha256=""), mode="json", exclude_defaults=True))
