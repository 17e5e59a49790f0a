"""The parts of a method: what each section of its file can say, and what it means where it says nothing.

A key that no part has is an error; so is a value of another type or out of bounds. What parts cannot see alone, such as
a limit in another unit than its factor, `contradictions` finds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from regso_cluster.scales.kinds import SCALES
from regso_cluster.schema import Text

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Weighting = Literal["areas", "residents"]
Unit = Literal["per cent", "per 1000", "share", "rank", "score"]
Positive = Annotated[float, Field(ge=1e-6, le=1e6)]  # wide, and far from where products overflow
Column = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
# the range a value of this unit can have; None: no bound
UNIT_RANGE: dict[str, tuple[float | None, float | None]] = {
    "per cent": (0, 100),
    "per 1000": (0, None),
    "share": (0, 1),
    "rank": (1, None),
    "score": (None, None),
}
# a rate of this unit is `factor * numerator / denominator`
UNIT_FACTOR: dict[str, float] = {"per cent": 100.0, "per 1000": 1000.0, "share": 1.0}


@dataclass(frozen=True, config=STRICT)
class Table:
    """Which areas the method is for, and how its tables name and mark things.

    `areas`: "regso" for one of the two editions, "own" where the table itself is the area set (counties, LSOAs).
    `coverage`: "full" refuses a table that lacks areas of the edition; "partial" gives them the status missing.
    `area_type`: a column of types of areas, as parents of rates.
    `min_population`: an area with fewer residents is not classified and not part of the yardstick.
    `suppressed`, `missing`: marks kept as missing with that status, never read as 0.
    `zero`: marks that are read as 0, as the dash is in tables of PxWeb; before the other two. None where not given.
    """

    areas: Literal["regso", "own"] = "regso"
    code: str = "regso"  # may be "": exports leave the first column without a name
    name: Column | None = None
    population: Column | None = None
    area_type: Column | None = None
    coverage: Literal["full", "partial"] = "full"
    min_population: Annotated[int, Field(ge=0)] = 0
    suppressed: tuple[str, ...] = ("..", "x", "X", "*", ":", "c")
    missing: tuple[str, ...] = (
        "",
        ".",
        "-",
        "–",
        "NA",
        "N/A",
        "NaN",
        "nan",
        "null",
        "NULL",
        "None",
        "#N/A",
        "#SAKNAS!",
    )
    zero: tuple[Annotated[str, Field(min_length=1)], ...] | None = None

    @property
    def absent(self) -> tuple[str, ...]:
        """The marks of a missing cell; error cells (#N/A) are among them only where a method lists them itself."""
        return tuple(mark for mark in self.missing if self.missing != Table.missing or not mark.startswith("#"))


@dataclass(frozen=True, config=STRICT)
class Limit:
    """Where a factor becomes a problem; exactly one of the five is given.

    `sd`: strictly beyond mean + sd SD to the worse side, measured on the observed areas. The others are absolute and
    need the factor's `unit`: `above` and `at_least` where high is worse, `below` and `at_most` where low is worse.
    """

    sd: Annotated[float, Field(ge=0, le=20)] | None = None
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    unit: Unit | None = None

    @property
    def given(self) -> dict[str, float]:
        """The comparisons that are given, by name."""
        names = ("sd", "above", "at_least", "below", "at_most")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True, config=STRICT)
class Factor:
    """One measured problem: a rate from two columns of counts, or from one column of values.

    With a value, `denominator` names the column of the persons that the rate is a share of, where one is stated:
    without it the factor has no noise model and is taken as exact.

    `worse` is the direction in which the factor is a problem. `level` "kommun": one value for all areas of a kommun.
    `counted`: who the numerator counts, in the plural, for sentences about persons. `unit_name`: what the unit is
    called where it is shown ("tkr"); `unit` still says which values there can be. `nominal`: whether these are amounts
    of money in the prices of the year, so that a frozen limit drifts; None: not known, of a value in score it may be.
    """

    key: Key
    name: Text
    worse: Literal["high", "low"]
    unit: Unit
    numerator: Column | None = None
    denominator: Column | None = None
    value: Column | None = None
    level: Literal["area", "kommun"] = "area"
    weight: Positive = 1.0
    limit: Limit | None = None
    counted: Text | None = None
    unit_name: Text | None = None
    nominal: bool | None = None
    source: Text | str = ""

    @property
    def averaged(self) -> bool:
        """Whether the figure of a group is the mean of its areas' values: one rate for all of them is not known."""
        return self.value is not None or self.level == "kommun"

    @property
    def drifts(self) -> bool:
        """Whether a frozen limit of this factor may lose its meaning as prices rise."""
        may = self.value is not None and self.denominator is None and self.unit == "score"
        return may if self.nominal is None else self.nominal

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the factor needs in a wide table."""
        return tuple(str(getattr(self, role)) for role in self.roles)

    @property
    def roles(self) -> tuple[str, ...]:
        """What those columns hold: "value", "numerator", "denominator"."""
        return tuple(role for role in ("value", "numerator", "denominator") if getattr(self, role))

    @property
    def sign(self) -> float:
        """1 where high is worse, -1 where low is worse."""
        return 1.0 if self.worse == "high" else -1.0


@dataclass(frozen=True, config=STRICT)
class Problems:
    """How relative limits are measured: mean and SD over areas or weighted by residents, SD with n - ddof."""

    limit: Limit = Limit(sd=2.0)
    weighting: Weighting = "areas"
    ddof: Annotated[int, Field(ge=0, le=1)] = 0


@dataclass(frozen=True, config=STRICT)
class Rule:
    """When an area is in a composite group: a number of problems, or all / any of named problems and rules."""

    at_least: Count | None = None
    all: Annotated[tuple[Key | Rule, ...], Field(min_length=1)] | None = None
    any: Annotated[tuple[Key | Rule, ...], Field(min_length=1)] | None = None


@dataclass(frozen=True, config=STRICT)
class CompositeGroup:
    """A composite group; an area belongs to the first group of the list, worst first, whose rule holds."""

    name: Text
    rule: Rule


@dataclass(frozen=True, config=STRICT)
class Steady:
    """No flicker, with --previous; exactly one of the two is given.

    `slack_sd`: a factor that was a problem last year stays one until it is better than its limit by this many SD.
    `years`: an area leaves its group when the figures of this many years running point out of it.
    """

    slack_sd: Positive | None = None
    years: Literal[2] | None = None


@dataclass(frozen=True, config=STRICT)
class Composite:
    """The composite groups, worst first, the name of the group of all other areas, and whether groups are steady."""

    groups: Annotated[tuple[CompositeGroup, ...], Field(min_length=1, max_length=50)]
    none: Text
    steady: Steady | None = None

    @property
    def choices(self) -> tuple[tuple[Rule, ...], Steady | None]:
        """What decides the groups: the rules and the steadiness, without the words."""
        return tuple(group.rule for group in self.groups), self.steady


def _known_kind(kind: str) -> str:
    """Refuse a scale that has no row, in pydantic's words for a choice."""
    if kind not in SCALES:
        *first, last = map(repr, SCALES)
        expected = f"{', '.join(first)} or {last}"
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
    return kind


@dataclass(frozen=True, config=STRICT)
class Scale:
    """How values of different factors are made comparable.

    Applied in this order: winsorise at two quantiles; transform; turn so that high is worse; scale; round.
    Which kinds there are, and which take `weighting`, `ddof` or `constant`, says `scales.kinds`.
    """

    kind: Annotated[str, AfterValidator(_known_kind)]
    winsorise: tuple[Share, Share] | None = None
    transform: Literal["none", "log", "asinh"] = "none"
    weighting: Weighting = "areas"
    ddof: Annotated[int, Field(ge=0, le=1)] = 0
    constant: Positive = 23.0
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None


@dataclass(frozen=True, config=STRICT)
class Theme:
    """A part of the index with a score and a rank of its own."""

    key: Key
    name: Text
    factors: Annotated[tuple[Key, ...], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class Index:
    """The continuous composite score: high is worse, rank 1 is the worst area.

    `aggregation` joins the scaled factors with their weights. An area gets an index when at least `min_factors` are
    observed (default: all); a mean over fewer factors has its weights rescaled, a sum needs all.
    """

    scale: Scale
    aggregation: Literal["mean", "sum"] = "mean"
    min_factors: Count | None = None
    themes: tuple[Theme, ...] = ()
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None


@dataclass(frozen=True, config=STRICT)
class Banding:
    """Ordered groups along one number; group 1 is the worst.

    `sd`: cuts at mean + s SD for each s of `at`, from the worst down; a value on a cut belongs to the worse group.
    `quantiles`: `groups` groups of equal number by rank. `natural_breaks`: `groups` groups of least squares.
    """

    kind: Literal["sd", "quantiles", "natural_breaks"]
    at: tuple[float, ...] | None = None
    groups: Annotated[int, Field(ge=2, le=100)] | None = None
    weighting: Weighting = "areas"
    ddof: Annotated[int, Field(ge=0, le=1)] = 0
    names: tuple[Text, ...] = ()

    @property
    def size(self) -> int:
        """The number of groups."""
        return len(self.at or ()) + 1 if self.kind == "sd" else int(self.groups or 0)


@dataclass(frozen=True, config=STRICT)
class Naming:
    """How many SD off the country make a cluster's need some, large, very large; how many factors are named.

    Year after year a name is kept until the profile would be named otherwise and the centre has moved by more than
    `keep` SD in some factor since the name was given.
    """

    some: Positive = 0.5
    large: Positive = 1.0
    very_large: Positive = 2.0
    factors: Count = 2
    keep: Annotated[float, Field(ge=0)] = 0.5


@dataclass(frozen=True, config=STRICT)
class StructureRule:
    """When a number of clusters stands; where none from `fewest` to `most` does: bands, not types.

    Looked at are `clouds` clouds without groups ("skewed": with the skewness and tails of the factors; "gaussian"),
    `resamples` bootstrap resamples and `splits` halvings. To stand, clusters must have less scatter than in clouds, by
    more than `gap_errors` standard errors and the share `least_gap`; a prediction strength of `strength`; and each
    cluster a mean Jaccard similarity of `jaccard`. Sources of the cut-offs: docs/method.md.
    """

    fewest: Annotated[int, Field(ge=2, le=50)] = 2
    most: Annotated[int, Field(ge=2, le=50)] = 10
    clouds: Annotated[int, Field(ge=5, le=10_000)] = 20
    clouds_like: Literal["skewed", "gaussian"] = "skewed"
    resamples: Annotated[int, Field(ge=2, le=10_000)] = 40
    splits: Annotated[int, Field(ge=2, le=1_000)] = 6
    gap_errors: Annotated[float, Field(ge=0, le=100)] = 2.0
    least_gap: Share = 0.05
    strength: Share = 0.8
    jaccard: Share = 0.6


@dataclass(frozen=True, config=STRICT)
class Clusters:
    """The typology: areas with alike profiles over all factors, by weighted k-means on scaled factors.

    In the first year clusters are numbered from worst to best by the mean index of their residents (`weighting`
    "areas": of their areas), later as the clusters of last year that they continue. `resamples`: how many bootstrap
    resamples measure the stability that is shown beside the typology. `structure`: whether a release says that there
    are types at all, and by which rule; None says nothing.
    """

    n_clusters: Annotated[int, Field(ge=2, le=50)]
    scale: Scale = Scale(kind="z")
    weighting: Weighting = "residents"
    resamples: Annotated[int, Field(ge=2, le=10_000)] = 20
    naming: Naming = Naming()
    structure: StructureRule | None = None


Parent = Literal["country", "lan", "kommun", "type"]


@dataclass(frozen=True, config=STRICT)
class Shrinkage:
    """Rates of small numbers drawn towards those of a parent, before anything is judged. Off where it is not there.

    `towards`: the country, the län, the kommun, or the area type that `[table] area_type` names.
    """

    towards: Parent


@dataclass(frozen=True, config=STRICT)
class Certainty:
    """How sure labels are, given the noise of the counts.

    `draws`: how often the counts are drawn anew; `level`: which share of the draws the interval of a rank holds.
    `prior`: what an area's rates are like before its counts: those of areas of an alike profile ("profiles", found as
    `classes` classes on `prior_resamples` resamples of the areas, for the prior is uncertain too), or each factor alone
    as in its parent. With `[shrinkage]` its parent is the prior.
    A label whose probability is `core` or more is core, from `edge` it is edge, below undecided. `fdr`: the share of an
    error-controlled list that may be expected not to belong.
    """

    draws: Annotated[int, Field(ge=20, le=100_000)] = 1000
    level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    prior: Literal["profiles", "country", "lan", "kommun", "type"] = "profiles"
    classes: Annotated[int, Field(ge=1, le=50)] = 20
    prior_resamples: Annotated[int, Field(ge=1, le=100)] = 8
    core: Share = 0.9
    edge: Share = 0.6
    fdr: Annotated[float, Field(gt=0, lt=1)] = 0.1
