"""A method: all choices of one classification, as one readable TOML file.

The engine is general; what an agency did is a file. `load_method` reads a built-in method by name or any file by
path, refuses what it does not know, and names the line. `Yardstick` holds what a run measured on its own table
(limits, scales, cut points, centres): written back into the release's `method.toml` it is enough to classify again.

    parts           what each section of a file can say, one frozen dataclass each
    yardstick       what a run measured
    whole           the method as a whole, its hash and its text
    faults          what pydantic refuses, in the house's words, with the line
    contradictions  what the parts cannot see alone
    file            built-in or by path, from text to method
"""

from regso_cluster.method.faults import line_of
from regso_cluster.method.file import builtin_methods, hash_as_written, load_method, parse_method
from regso_cluster.method.identity import identity_as_written
from regso_cluster.method.model import Method, known_keys, plain_method
from regso_cluster.method.parts import (
    UNIT_FACTOR,
    UNIT_RANGE,
    Banding,
    Certainty,
    Clusters,
    Column,
    Composite,
    CompositeGroup,
    Factor,
    Index,
    Limit,
    Naming,
    Parent,
    Problems,
    Rule,
    Scale,
    Shrinkage,
    Steady,
    StructureRule,
    Table,
    Theme,
    Unit,
    Weighting,
)
from regso_cluster.method.yardstick import Baseline, Origin, Yardstick, hash_yardstick
from regso_cluster.schema import Text

__all__ = [
    "UNIT_FACTOR",
    "UNIT_RANGE",
    "Banding",
    "Baseline",
    "Certainty",
    "Clusters",
    "Column",
    "Composite",
    "CompositeGroup",
    "Factor",
    "Index",
    "Limit",
    "Method",
    "Naming",
    "Origin",
    "Parent",
    "Problems",
    "Rule",
    "Scale",
    "Shrinkage",
    "Steady",
    "StructureRule",
    "Table",
    "Text",
    "Theme",
    "Unit",
    "Weighting",
    "Yardstick",
    "builtin_methods",
    "hash_as_written",
    "hash_yardstick",
    "identity_as_written",
    "known_keys",
    "line_of",
    "load_method",
    "parse_method",
    "plain_method",
]
