"""Whether a release may be published: the rule by hand, the origin, old releases, and where it is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regso_cluster.factors.small_counts import SCB_RULE
from regso_cluster.release.declaration import Declaration, declare
from regso_cluster.release.model import Release, read_release


def test_the_rule_at_its_edges():
    # (n, d): 20 persons are too few, 21 are enough; 5 with or without are too few, 6 are enough; nobody is no one
    cases = {
        (6, 20): True,
        (6, 21): False,
        (5, 21): True,
        (15, 21): False,
        (16, 21): True,
        (0, 0): False,
        (0, 50): True,
    }
    counts = np.array(list(cases), dtype=np.float64)
    assert SCB_RULE.find(counts[:, 0], counts[:, 1]).tolist() == list(cases.values())
    assert not SCB_RULE.find([np.nan, 1.0], [10.0, np.nan]).any()


def set_counts(table, numerator, denominator):
    """Give the table with these counts in its first area and factor, and far from the rule elsewhere."""
    n, d = table.numerator * 0 + 50.0, table.denominator * 0 + 100.0
    n.iloc[0, 0], d.iloc[0, 0] = numerator, denominator
    return replace(table, numerator=n, denominator=d, origin=None)


def test_one_small_count_makes_a_release_internal(example_release):
    table = set_counts(example_release.classification.table, 4.0, 100.0)
    said = declare(table)
    pairs = int(table.numerator.notna().to_numpy().sum())
    assert (said.state, said.pairs, said.under_rule) == ("internal", pairs, 1)
    assert str(said.because[0]).startswith(f"INTERNAL, not for publication: 1 of {pairs:,} pairs")
    assert said.because[0].text("sv").startswith("INTERN, får inte publiceras: 1 av ")
    above = declare(set_counts(table, 6.0, 100.0))
    assert (above.state, above.under_rule) == ("publishable", 0)


def test_rates_without_counts_are_internal_and_fetched_figures_are_published(example_release):
    table = set_counts(example_release.classification.table, 50.0, 100.0)
    key = table.value.columns[0]
    bare = replace(table, numerator=table.numerator.assign(**{key: np.nan}))
    assert declare(bare).state == "internal"
    assert key in str(declare(bare).because[0])
    fetched = replace(bare, origin={"sources": [{"table": "TAB1"}, {"table": "TAB1"}, {"table": "TAB2"}]})
    assert declare(fetched).state == "publishable"
    assert str(declare(fetched).because[0]).endswith("TAB1, TAB2")


def test_the_manifest_keeps_it_and_an_old_release_is_read_for_it(released):
    kept = read_release(released.path, verify=True).disclosure
    assert kept == Declaration.from_plain(released.manifest["disclosure"])
    old = Release(released.path, {key: said for key, said in released.manifest.items() if key != "disclosure"})
    assert old.disclosure == kept


@pytest.mark.parametrize("plain", [{"state": "secret", "because": ["x"], "pairs": 1, "under_rule": 0},
                                   {"state": "internal", "because": [], "pairs": 1, "under_rule": 0}])  # fmt: skip
def test_what_is_no_declaration_is_refused(plain):
    with pytest.raises(ValueError, match="no declaration"):
        Declaration.from_plain(plain)


def test_it_is_said_on_the_cover_the_page_and_in_the_cube(released):
    from regso_cluster.exports.cube import build_cube
    from regso_cluster.exports.workbook_cover import cover_rows
    from regso_cluster.page.data import assemble

    reason = released.disclosure.because[0]
    for language in ("sv", "en"):
        assert cover_rows(released, language)[1] == ("lead", [reason.text(language)])
    assert reason.text("sv") in [note.sv for note in build_cube(released).notes]
    assert assemble([released], [])["disclosure"] == [{"sv": reason.text("sv"), "en": str(reason)}]
