"""A method as a whole: its parts in one, its canonical hash, and its text."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Annotated, Any

import tomli_w
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from regso_cluster.method.identity import without_words
from regso_cluster.method.parts import (
    STRICT,
    Banding,
    Certainty,
    Clusters,
    Composite,
    CompositeGroup,
    Factor,
    Index,
    Limit,
    Naming,
    Problems,
    Rule,
    Scale,
    Shrinkage,
    Steady,
    StructureRule,
    Table,
    Theme,
)
from regso_cluster.method.yardstick import Baseline, Origin, Yardstick, hash_plain
from regso_cluster.schema import Text


@dataclass(frozen=True, config=STRICT)
class Method:
    """All choices of one classification.

    `measured` is filled in by a run, never by hand. `frozen` makes it a choice: the limits, scales, cut points and
    centres of the release named there hold for every table. `baseline` is judged by beside, in columns of its own.

    Parameters
    ----------
    name : of the method, in releases and on the command line
    title, description : of the method, in Swedish and English
    factors : what is measured, in the order of the columns
    source : of the method: a publication or an agency
    seed : of everything that is drawn
    table : how a table of factors is written: its areas, columns and marks
    problems : when a factor is a problem; None: problems are not flagged
    composite : the groups by problems, the worst first; None: none
    index : the continuous score; None: none
    bands, tiers : groups of the index, groups of each factor; None: none
    clusters : groups of alike areas; None: none
    shrinkage : which rates are drawn towards a parent; None: rates are taken as they are counted
    certainty : how the probability of each label is measured; None: it is not
    frozen : the release whose limits are choices of this method; None: limits are measured on each table
    measured : limits, scales, cut points and centres, filled in by a run
    baseline : limits of an earlier year that areas are compared with beside those of the method; None: none

    Examples
    --------
    >>> method = load_method("utanforskap")
    >>> isinstance(method, Method), method.name
    (True, 'utanforskap')
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: Text
    description: Text
    factors: Annotated[tuple[Factor, ...], Field(min_length=1, max_length=100)]
    source: Text | str = ""
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
    def identity(self) -> str:
        """SHA-256 of the choices without words: equal for two methods that differ in titles, names or sources alone.

        A yardstick counts as none of the choices: the identity is that of what was frozen from the method, too.
        """
        return hash_plain(without_words(plain_method(self)))

    @property
    def drifting(self) -> tuple[int, tuple[str, ...]] | None:
        """The year and the factors whose limits are held fixed though prices move; None where none is."""
        origin = self.frozen or (self.baseline.origin if self.baseline else None)
        keys = [factor.key for factor in self.factors if factor.drifts]
        if origin is None or not keys:
            return None
        return origin.year, tuple(keys)

    def to_toml(self) -> str:
        """Write the method with every default filled in; `parse_method` reads it back equal."""
        return tomli_w.dumps(ADAPTER.dump_python(self, mode="json", exclude_none=True), multiline_strings=True)


ADAPTER: TypeAdapter[Method] = TypeAdapter(Method)


def _hash_of(method: Method) -> str:
    return hash_plain(plain_method(method))


def plain_method(method: Method) -> dict[str, Any]:
    """Give a method as plain data with every default filled in, as its TOML file would hold it."""
    plain: dict[str, Any] = ADAPTER.dump_python(method, mode="json", exclude_none=True)
    return plain


def known_keys() -> set[str]:
    """Collect every key that a method file can have."""
    parts: list[Any] = [Method, Table, Limit, Factor, Problems, Rule, CompositeGroup, Composite, Steady, Scale]
    parts += [Theme, Index, Banding, Naming, StructureRule, Clusters, Shrinkage, Certainty, Yardstick, Text]
    return {field.name for part in parts for field in dataclasses.fields(part)}
