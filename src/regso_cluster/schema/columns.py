"""The names of the columns of a release as constants, and the names that are made from a key or from another name.

A misspelt constant is an error of mypy and ruff; a test holds the constants to `columns.toml`.
"""

from __future__ import annotations

REGSO = "regso"
AREA = "area"
NAME = "name"
KOMMUN = "kommun"
KOMMUN_NAME = "kommun_name"
LAN = "lan"
POPULATION = "population"
AREA_TYPE = "area_type"
STATUS = "status"
SYNTHETIC = "synthetic"
N_PROBLEMS = "n_problems"
N_OBSERVED = "n_observed"
COMPOSITE_GROUP = "composite_group"
COMPOSITE_GROUP_NAME = "composite_group_name"
COMPOSITE_GROUP_FREE = "composite_group_free"
COMPOSITE_GROUP_MILDEST = "composite_group_mildest"
COMPOSITE_GROUP_HARSHEST = "composite_group_harshest"
COMPOSITE_STATUS = "composite_status"
COMPOSITE_REASON = "composite_reason"
COMPOSITE_GROUP_PROBABILITY = "composite_group_probability"
COMPOSITE_SECOND = "composite_second"
COMPOSITE_SECOND_PROBABILITY = "composite_second_probability"
COMPOSITE_FLIP_FACTOR = "composite_flip_factor"
COMPOSITE_FLIP_PERSONS = "composite_flip_persons"
COMPOSITE_FLIP_GROUP = "composite_flip_group"
HOW_SURE = "how_sure"
INDEX = "index"
INDEX_RANK = "index_rank"
INDEX_RANK_LOW = "index_rank_low"
INDEX_RANK_HIGH = "index_rank_high"
INDEX_PERCENT_RANK = "index_percent_rank"
BAND = "band"
BAND_NAME = "band_name"
BAND_PROBABILITY = "band_probability"
BAND_SECOND = "band_second"
BAND_SECOND_PROBABILITY = "band_second_probability"
BAND_FLIP_FACTOR = "band_flip_factor"
BAND_FLIP_PERSONS = "band_flip_persons"
BAND_FLIP_GROUP = "band_flip_group"
CLUSTER = "cluster"
CLUSTER_NAME = "cluster_name"
CLUSTER_SECOND = "cluster_second"
CLUSTER_PROBABILITY = "cluster_probability"
CLUSTER_SECOND_PROBABILITY = "cluster_second_probability"
CLUSTER_FLIP_FACTOR = "cluster_flip_factor"
CLUSTER_FLIP_PERSONS = "cluster_flip_persons"
CLUSTER_FLIP_GROUP = "cluster_flip_group"
CLUSTER_HOW_SURE = "cluster_how_sure"
PREVIOUS_COMPARABLE = "previous_comparable"
PREVIOUS_ELSEWHERE = "previous_elsewhere"
COMPOSITE_GROUP_PREVIOUS = "composite_group_previous"
CLUSTER_PREVIOUS = "cluster_previous"
COMPOSITE_CHANGE = "composite_change"
GROUPING = "grouping"
GROUP = "group"
NAME_SV = "name_sv"
NAME_EN = "name_en"
AREAS = "areas"
RESIDENTS = "residents"
RESIDENTS_SHARE = "residents_share"
EXPECTED = "expected"
EXPECTED_LOW = "expected_low"
EXPECTED_HIGH = "expected_high"
PROBABILITY = "probability"
COUNTED = "counted"
FALSE_DISCOVERY_RATE = "false_discovery_rate"
FACTOR = "factor"
NUMERATOR = "numerator"
DENOMINATOR = "denominator"
VALUE_COUNTED = "value_counted"
VALUE_LOW = "value_low"
VALUE_HIGH = "value_high"
VALUE = "value"
UNIT = "unit"
FATE = "fate"
SHARE_KEPT = "share_kept"
SHARE_FROM = "share_from"
CAME_FROM = "came_from"
WENT_TO = "went_to"


def value_of(key: str) -> str:
    """Name the column of the value of a factor."""
    return f"{key}_value"


def status_of(key: str) -> str:
    """Name the column of the status of a factor."""
    return f"{key}_status"


def own_weight_of(key: str) -> str:
    """Name the column of the share of a shrunk rate that is the area's own."""
    return f"{key}_own_weight"


def score_of(key: str) -> str:
    """Name the column of the scaled value of a factor in the index."""
    return f"{key}_score"


def problem_of(key: str) -> str:
    """Name the column of the mark that a factor is beyond its limit."""
    return f"{key}_problem"


def borrowed_of(key: str) -> str:
    """Name the column of the mark that a problem rests on borrowed strength."""
    return f"{key}_borrowed"


def probability_of(name: str) -> str:
    """Name the column of the probability of a problem in a factor, or of an area's group in a grouping."""
    return f"{name}_probability"


def flip_persons_of(key: str) -> str:
    """Name the column of the persons that would carry an area over the limit of a factor."""
    return f"{key}_flip_persons"


def held_of(key: str) -> str:
    """Name the column of the mark that a factor counts as a problem, by the no-flicker rule."""
    return f"{key}_held"


def tier_of(key: str) -> str:
    """Name the column of the need group by a factor alone."""
    return f"{key}_tier"


def index_of(key: str) -> str:
    """Name the column of the score of a theme."""
    return f"{key}_index"


def rank_of(key: str) -> str:
    """Name the column of the rank of a theme."""
    return f"{key}_rank"


def percent_rank_of(key: str) -> str:
    """Name the column of the percent rank of a theme."""
    return f"{key}_percent_rank"


def previous_of(name: str) -> str:
    """Name the column of a grouping in the previous release."""
    return f"{name}_previous"


def absolute(name: str) -> str:
    """Name the column of what a column says by the fixed limits of the method."""
    return f"{name}_absolute"


def group_name_of(name: str) -> str:
    """Name the column of the names of the groups of a grouping."""
    return f"{name}_name"


def is_tier(name: str) -> bool:
    """Say whether a column holds the need groups of one factor."""
    return name.endswith("_tier")


def is_problem(name: str) -> bool:
    """Say whether a column marks the problems of one factor."""
    return name.endswith("_problem")


def is_absolute(name: str) -> bool:
    """Say whether a column is by the fixed limits of the method."""
    return name.endswith("_absolute")


def without_absolute(name: str) -> str:
    """Name the column that one by fixed limits belongs to; any other stays."""
    return name.removesuffix("_absolute")
