"""A release of a new year beside one that was published before."""

from __future__ import annotations

import numpy as np
import pytest

from regso_cluster.errors import InputError
from regso_cluster.publishing.counts import gather_counts
from regso_cluster.publishing.earlier import mark_earlier
from regso_cluster.publishing.release import Protection, plan


def test_what_is_published_again_shows_and_hides_the_same(internal):
    first = plan(internal[:1], Protection())
    # what a release of the first plan would hold, read as one
    counts = gather_counts({one.year: one.counted for one in internal}, {one.year: one.method for one in internal})
    released = Shown(internal[0], first)
    marked, hidden = mark_earlier(counts, [released])
    own = counts.year == 2023
    assert (marked.opened[own] == ~first.chosen.hidden).all()
    assert (hidden[own] == first.chosen.hidden).all()
    assert not hidden[~own].any()
    again = plan(internal, Protection(), [released])
    assert (again.chosen.hidden[own] == first.chosen.hidden).all()
    assert again.chosen.hidden[~own].sum() > 1000


class Shown:
    """The published table of a plan, as a release has it."""

    def __init__(self, inside, made):
        table = made.tables[inside.year]
        self.year, self.path, self.areas = inside.year, inside.path, table.areas
        long = inside.factors[["regso", "factor"]]
        at = table.numerator.index.get_indexer(long["regso"]), table.numerator.columns.get_indexer(long["factor"])
        frames = {"numerator": table.numerator, "denominator": table.denominator, "status": table.status}
        self.factors = long.assign(**{name: frame.to_numpy()[at] for name, frame in frames.items()})


def test_an_earlier_year_needs_its_internal_release(published):
    with pytest.raises(InputError, match="an earlier release without its internal one"):
        plan(published.internal[1:], Protection(), published.public[:1])
    again = plan(published.internal, Protection(), published.public)
    np.testing.assert_array_equal(again.chosen.hidden, published.plan.chosen.hidden)
