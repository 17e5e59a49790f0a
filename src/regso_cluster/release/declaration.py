"""Whether a release may leave the agency: read from its counts and from where they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from regso_cluster.factors.small_counts import SCB_RULE
from regso_cluster.factors.tables import FactorTable
from regso_cluster.words.notes import Note

State = Literal["internal", "publishable"]


@dataclass(frozen=True)
class Declaration:
    """Whether a release is internal or publishable, and why.

    Parameters
    ----------
    state : "internal" or "publishable"
    because : the reasons, in Swedish and English; each begins with the state
    pairs : pairs of area and factor with counts
    under_rule : how many of them fall under SCB's rule
    """

    state: State
    because: tuple[Note, ...]
    pairs: int = 0
    under_rule: int = 0

    def as_plain(self) -> dict[str, Any]:
        """Give what a manifest keeps."""
        notes = [note.as_plain() for note in self.because]
        return {"state": self.state, "because": notes, "pairs": self.pairs, "under_rule": self.under_rule}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Declaration:
        """Read what a manifest keeps.

        Raises
        ------
        TypeError, KeyError, ValueError  it is no declaration
        """
        if plain["state"] not in ("internal", "publishable") or not plain["because"]:
            raise ValueError("no declaration of disclosure")
        notes = tuple(map(Note.from_plain, plain["because"]))
        return cls(plain["state"], notes, int(plain["pairs"]), int(plain["under_rule"]))


def declare(table: FactorTable, *, protected: Note | None = None) -> Declaration:
    """Declare a table internal or publishable.

    Parameters
    ----------
    table : what is classified, with counts where they were given
    protected : how the counts were protected, where they were; then the table is publishable

    Returns
    -------
    Declaration. Figures of a table that was fetched from a service are published already; counts are held against SCB's
    rule; a rate without counts cannot be, and its release is internal
    """
    counted = table.denominator.notna() & table.numerator.notna()
    small = SCB_RULE.find(table.numerator, table.denominator)
    pairs, under = int(counted.to_numpy().sum()), int(small.sum())
    if protected is not None:
        return Declaration("publishable", (protected,), pairs, under)
    if table.origin:
        tables = list(dict.fromkeys(str(source["table"]) for source in table.origin["sources"]))
        return Declaration("publishable", (Note("disclosure_published_table", tables=tables),), pairs, under)
    rule = {"denominator": SCB_RULE.denominator, "least": SCB_RULE.least}
    because = [Note("disclosure_under_rule", count=under, pairs=pairs, **rule)] if under else []
    seen = (table.status == "observed").to_numpy()
    bare = [str(key) for key, rates in zip(table.value, (seen & ~counted.to_numpy()).T, strict=True) if np.any(rates)]
    if bare:
        because.append(Note("disclosure_no_counts", factors=bare))
    if because:
        return Declaration("internal", tuple(because), pairs, under)
    return Declaration("publishable", (Note("disclosure_above_rule", pairs=pairs, **rule),), pairs, under)
