"""A method: all choices of one classification, as one readable TOML file.

The engine is general; what an agency did is a file. `load_method` reads a built-in method by name or any file by
path, refuses what it does not know, and names the line. `Yardstick` holds what a run measured on its own table
(limits, scales, cut points, centres): written back into the release's `method.toml` it is enough to classify again.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import re
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from regso_cluster.errors import Fault, InputError

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

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


@dataclass(frozen=True, config=_STRICT)
class Text:
    """A text for the reader, in Swedish and English."""

    sv: str
    en: str


@dataclass(frozen=True, config=_STRICT)
class Table:
    """Which areas the method is for, and how its tables name and mark things.

    `areas`: "regso" for one of the two editions, "own" where the table itself is the area set (counties, LSOAs).
    `coverage`: "full" refuses a table that lacks areas of the edition; "partial" gives them the status missing.
    `area_type`: a column of types of areas, as parents of rates.
    `min_population`: an area with fewer residents is not classified and not part of the yardstick.
    `suppressed`, `missing`: marks kept as missing with that status, never read as 0.
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


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
class Factor:
    """One measured problem: a rate from two columns of counts, or from one column of values.

    With a value, `denominator` names the column of the persons that the rate is a share of, where one is stated:
    without it the factor has no noise model and is taken as exact.

    `worse` is the direction in which the factor is a problem. `level` "kommun": one value for all areas of a kommun.
    `counted`: who the numerator counts, in the plural, for sentences about persons.
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
    source: str = ""

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


@dataclass(frozen=True, config=_STRICT)
class Problems:
    """How relative limits are measured: mean and SD over areas or weighted by residents, SD with n - ddof."""

    limit: Limit = Limit(sd=2.0)
    weighting: Weighting = "areas"
    ddof: Annotated[int, Field(ge=0, le=1)] = 0


@dataclass(frozen=True, config=_STRICT)
class Rule:
    """When an area is in a composite group: a number of problems, or all / any of named problems and rules."""

    at_least: Count | None = None
    all: Annotated[tuple[Key | Rule, ...], Field(min_length=1)] | None = None
    any: Annotated[tuple[Key | Rule, ...], Field(min_length=1)] | None = None


@dataclass(frozen=True, config=_STRICT)
class CompositeGroup:
    """A composite group; an area belongs to the first group of the list, worst first, whose rule holds."""

    name: Text
    rule: Rule


@dataclass(frozen=True, config=_STRICT)
class Steady:
    """No flicker, with --previous; exactly one of the two is given.

    `slack_sd`: a factor that was a problem last year stays one until it is better than its limit by this many SD.
    `years`: an area leaves its group when the figures of this many years running point out of it.
    """

    slack_sd: Positive | None = None
    years: Literal[2] | None = None


@dataclass(frozen=True, config=_STRICT)
class Composite:
    """The composite groups, worst first, the name of the group of all other areas, and whether groups are steady."""

    groups: Annotated[tuple[CompositeGroup, ...], Field(min_length=1, max_length=50)]
    none: Text
    steady: Steady | None = None


@dataclass(frozen=True, config=_STRICT)
class Scale:
    """How values of different factors are made comparable.

    Applied in this order: winsorise at two quantiles; transform; turn so that high is worse; scale; round.
    `weighting` and `ddof` are for z and robust_z; `constant` for exponential_rank.
    """

    kind: Literal["none", "z", "robust_z", "percent_rank", "exponential_rank", "min_max"]
    winsorise: tuple[Share, Share] | None = None
    transform: Literal["none", "log", "asinh"] = "none"
    weighting: Weighting = "areas"
    ddof: Annotated[int, Field(ge=0, le=1)] = 0
    constant: Positive = 23.0
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None


@dataclass(frozen=True, config=_STRICT)
class Theme:
    """A part of the index with a score and a rank of its own."""

    key: Key
    name: Text
    factors: Annotated[tuple[Key, ...], Field(min_length=1)]


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
class Shrinkage:
    """Rates of small numbers drawn towards those of a parent, before anything is judged. Off where it is not there.

    `towards`: the country, the län, the kommun, or the area type that `[table] area_type` names.
    """

    towards: Parent


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
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


@dataclass(frozen=True, config=_STRICT)
class Origin:
    """The release that a yardstick was taken from.

    `manifest_sha256` is that release's own hash; `yardstick_sha256` that of the yardstick, so that limits changed by
    hand are not taken for those of the release.
    """

    release: str
    year: int
    manifest_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    yardstick_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


@dataclass(frozen=True, config=_STRICT)
class Baseline:
    """An earlier yardstick that a method carries beside its own: every area is judged by both."""

    origin: Origin
    measured: Yardstick


@dataclass(frozen=True, config=_STRICT)
class Method:
    """All choices of one classification.

    `measured` is filled in by a run, never by hand. `frozen` makes it a choice: the limits, scales, cut points and
    centres of the release named there hold for every table. `baseline` is judged by beside, in columns of its own.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: Text
    description: Text
    factors: Annotated[tuple[Factor, ...], Field(min_length=1, max_length=100)]
    source: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    table: Table = Table()
    problems: Problems | None = None
    composite: Composite | None = None
    index: Index | None = None
    bands: Banding | None = None
    tiers: Banding | None = None
    clusters: Clusters | None = None
    shrinkage: Shrinkage | None = None
    certainty: Certainty | None = None
    frozen: Origin | None = None
    measured: Yardstick | None = None
    baseline: Baseline | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the factors, in the order of the file."""
        return tuple(factor.key for factor in self.factors)

    @property
    def needs_population(self) -> bool:
        """Whether some step weighs by residents or asks for a minimum of residents."""
        uses: list[Problems | Scale | Banding | Clusters | None] = [
            self.problems,
            self.bands,
            self.tiers,
            self.clusters,
        ]
        if self.index:
            uses.append(self.index.scale)
        if self.clusters:
            uses.append(self.clusters.scale)
        return self.table.min_population > 0 or any(use is not None and use.weighting == "residents" for use in uses)

    @property
    def hash(self) -> str:
        """SHA-256 of the choices in canonical form: the order, spacing and comments of the file do not count.

        What a run measured counts where it is frozen: it is a choice there.
        """
        return _hash_of(self if self.frozen else replace(self, measured=None))

    @property
    def choices_hash(self) -> str:
        """The same without any yardstick: equal for a method and for what was frozen from it."""
        return _hash_of(replace(self, measured=None, frozen=None, baseline=None))

    def to_toml(self) -> str:
        """Write the method with every default filled in; `parse_method` reads it back equal."""
        return tomli_w.dumps(_ADAPTER.dump_python(self, mode="json", exclude_none=True), multiline_strings=True)


_ADAPTER: TypeAdapter[Method] = TypeAdapter(Method)
_YARDSTICK: TypeAdapter[Yardstick] = TypeAdapter(Yardstick)


def _hash_of(method: Method) -> str:
    return _hash_plain(_ADAPTER.dump_python(method, mode="json", exclude_none=True))


def _hash_plain(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def hash_yardstick(yardstick: Yardstick) -> str:
    """SHA-256 of what a yardstick measured, in canonical form; what later versions add to it does not count."""
    return _hash_plain(
        _YARDSTICK.dump_python(replace(yardstick, choices_sha256=""), mode="json", exclude_defaults=True)
    )


def hash_as_written(text: str) -> str:
    """Give the hash that a method had when it was written, by a version that may have known fewer keys."""
    plain = tomllib.loads(text)
    return _hash_plain(plain if "frozen" in plain else {key: plain[key] for key in plain if key != "measured"})


def plain_method(method: Method) -> dict[str, Any]:
    """Give a method as plain data with every default filled in, as its TOML file would hold it."""
    plain: dict[str, Any] = _ADAPTER.dump_python(method, mode="json", exclude_none=True)
    return plain


def builtin_methods() -> tuple[str, ...]:
    """Name the built-in methods, in alphabetical order."""
    folder = resources.files("regso_cluster") / "methods"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_method(name_or_path: str | Path) -> Method:
    """Read a built-in method by its name, or a method file by its path.

    Raises
    ------
    InputError  no such method; a file that is not TOML; an unknown key, factor or unit, each with its line
    """
    text = str(name_or_path)
    if text in builtin_methods():
        return parse_method((resources.files("regso_cluster") / "methods" / f"{text}.toml").read_text("utf-8"), text)
    path = Path(text)
    if not path.is_file():
        known = ", ".join(builtin_methods())
        raise InputError(Fault("no such method", text, "a built-in method or a file", text, f"Built in: {known}."))
    content = path.read_bytes()
    try:  # Windows programs begin UTF-8 with a mark, and PowerShell writes UTF-16
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Fault("not UTF-8 text", path.name, hint="Save the method file as UTF-8.")) from error
    return parse_method(text, path.name)


def parse_method(text: str, source: str = "method") -> Method:
    """Read a method from TOML text; `source` is what faults name as the place.

    Raises
    ------
    InputError  every fault of the text at once, each with its line
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "Decimals are written with a point, texts in quotes." if re.search(r"=\s*-?\d+,\d", text) else ""
        raise InputError(Fault("not valid TOML", source, got=str(error), hint=hint)) from error
    if not plain:
        raise InputError(
            Fault("an empty method", source, hint="`regso-cluster methods utanforskap` prints an example.")
        )
    try:
        method = _ADAPTER.validate_json(json.dumps(plain, default=str), strict=True)
    except RecursionError as error:
        raise InputError(
            Fault("rules nested too deep", source, hint="A rule of three levels says all there is.")
        ) from error
    except ValidationError as error:
        raise InputError(_shape_faults(error, text, source)) from error
    from regso_cluster.contradictions import find_contradictions  # noqa: PLC0415  it needs the words of this module

    method = _understood_now(method, plain)
    faults = [
        Fault(what, f"{source}, line {line_of(text, place)}", hint=hint)
        for place, what, hint in find_contradictions(method)
    ]
    if faults:
        raise InputError(faults)
    return method


def _understood_now(method: Method, plain: dict[str, Any]) -> Method:
    """Name the choices of a yardstick by today's hash where it was measured for the choices as they are written."""
    written = _hash_plain({key: plain[key] for key in plain if key not in ("measured", "frozen", "baseline")})
    now = method.choices_hash

    def renamed(yardstick: Yardstick) -> Yardstick:
        return replace(yardstick, choices_sha256=now) if yardstick.choices_sha256 == written else yardstick

    if method.measured:
        method = replace(method, measured=renamed(method.measured))
    if method.baseline:
        method = replace(method, baseline=replace(method.baseline, measured=renamed(method.baseline.measured)))
    return method


def _shape_faults(error: ValidationError, text: str, source: str) -> list[Fault]:
    """Say a pydantic error in the house's words: line, what was expected, what was got."""
    faults: dict[str, Fault] = {}
    for item in error.errors(include_url=False):
        # the union of "factor or rule" adds its branch names to the place; they are not keys of the file
        place = tuple(part for part in item["loc"] if part not in ("Rule", "constrained-str"))
        where = f"{source}, line {line_of(text, place)}, {_spell(place)}"
        if item["type"] == "unexpected_keyword_argument":
            close = difflib.get_close_matches(str(place[-1]), sorted(known_keys()), n=1, cutoff=0.75)
            hint = f"Is it {close[0]!r}?" if close else "Remove it; docs/method.md lists the keys."
            fault = Fault("unknown key", where, hint=hint)
        elif item["type"] == "missing":
            fault = Fault("a key is missing", where, hint=f"Add {place[-1]} = ... ; docs/method.md says what it means.")
        else:
            expected = item.get("ctx", {}).get("expected") or item["msg"].removeprefix("Input should be ")
            fault = Fault(
                "wrong value", where, str(expected), repr(item["input"])[:80], "docs/method.md lists what is possible."
            )
        faults.setdefault(where, fault)
    return list(faults.values())


Place = tuple[str | int, ...]


def _spell(place: Place) -> str:
    """Write a place as a person counts: the first factor is number 1."""
    return ".".join(str(part) if isinstance(part, str) else f"number {part + 1}" for part in place)


def known_keys() -> set[str]:
    """Collect every key that a method file can have."""
    parts: list[Any] = [Method, Table, Limit, Factor, Problems, Rule, CompositeGroup, Composite, Scale, Theme, Index]
    parts += [Banding, Naming, StructureRule, Clusters, Shrinkage, Certainty, Yardstick, Text]
    return {field.name for part in parts for field in dataclasses.fields(part)}


def line_of(text: str, place: Place) -> int:
    """Find the line of a key in TOML text (from 1); of its nearest parent where it stands inside a value."""
    arrays: dict[tuple[str, ...], int] = {}
    here: Place = ()
    best, best_depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if header := re.match(r"\[\[?\s*([\w.\s\"-]+?)\s*\]\]?", stripped):
            names = tuple(name.strip().strip('"') for name in header[1].split("."))
            if stripped.startswith("[["):
                arrays[names] = arrays.get(names, -1) + 1
            # a header names tables; the array elements that they stand in are put between
            here = ()
            for depth, name in enumerate(names, start=1):
                here += (name,)
                if names[:depth] in arrays:
                    here += (arrays[names[:depth]],)
            found = here
        elif key := re.match(r"([\w-]+)\s*=", stripped):
            found = (*here, key[1])
        else:
            continue
        if place[: len(found)] == found and len(found) > best_depth:
            best, best_depth = number, len(found)
    return best
