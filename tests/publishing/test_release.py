"""A publishable release of two years of a register: what is in it, what is not, and that it is a release."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from regso_cluster.errors import InputError
from regso_cluster.exports.export import export
from regso_cluster.factors.small_counts import SCB_RULE
from regso_cluster.judging.problems import flag_problems
from regso_cluster.publishing.labels import possible_numerators
from regso_cluster.publishing.release import Protection, plan
from regso_cluster.publishing.write import name_audit, publish
from regso_cluster.release.model import read_release, verify_release
from regso_cluster.schema import columns as c


def test_no_small_count_is_in_it_and_what_is_shown_is_true(published):
    for inside, public in zip(published.internal, published.public, strict=True):
        assert SCB_RULE.find(inside.factors["numerator"], inside.factors["denominator"]).sum() > 1000
        assert not SCB_RULE.find(public.factors["numerator"], public.factors["denominator"]).any()
        joined = public.factors.merge(inside.factors, on=["regso", "factor"], suffixes=("", "_true"))
        shown = joined["value"].notna()
        assert shown.sum() > 10_000
        for name in ("numerator", "denominator", "value"):
            pd.testing.assert_series_equal(
                joined.loc[shown, name], joined.loc[shown, f"{name}_true"], check_names=False
            )
            assert joined.loc[~shown, name].isna().all()


def test_the_same_groups_where_they_are_decided(published):
    for inside, public in zip(published.internal, published.public, strict=True):
        now, then = public.areas[c.COMPOSITE_GROUP], inside.areas[c.COMPOSITE_GROUP]
        decided = now.notna()
        assert decided.sum() > 1200
        assert (now[decided] == then[decided]).all()
        assert (public.areas.loc[decided, c.COMPOSITE_STATUS] == "decided").all()
        own = public.groups[public.groups[c.GROUPING] == c.COMPOSITE_GROUP]
        counted = dict(zip(own[c.GROUP].fillna(0), own[c.AREAS], strict=True))
        assert counted == now.fillna(0).value_counts().to_dict()


def test_problems_are_those_of_the_exact_limits(published):
    for inside, public in zip(published.internal, published.public, strict=True):
        values = inside.table.value.where(public.table.value.notna())
        exact = flag_problems(values, inside.method, inside.method.measured.limits)
        rounded = flag_problems(values, public.method, public.method.measured.limits)
        pd.testing.assert_frame_equal(exact, rounded)
        assert public.method.measured.limits != inside.method.measured.limits


def test_a_group_that_is_kept_leaves_each_small_figure_six_persons(published):
    made = published.plan
    assert len(made.labels) > 100
    cells = {
        key: (n, d)
        for key, n, d in zip(
            zip(made.counts.year.tolist(), made.counts.area, made.counts.factor, strict=True),
            made.counts.numerator, made.counts.denominator, strict=True,
        )
    }  # fmt: skip
    for label in made.labels:
        method = made.methods[label.year]
        for factor in method.factors:
            side = label.sides.get(factor.key)
            if side is None:
                continue
            n, d = cells[label.year, label.area, factor.key]
            low, high = possible_numerators(factor, method, d, problem=side)
            assert low <= n <= high
            if SCB_RULE.find(n, d):
                assert low <= max(0, n - 6)
                assert high >= min(d, n + 6)


def test_it_is_a_release(published, tmp_path):
    for public in published.public:
        assert verify_release(public.path) == []
        assert read_release(public.path, verify=True).disclosure.state == "publishable"
    last = published.public[-1]
    assert last.manifest["previous"]["name"] == "2023"
    for name in ("r.csv", "r.xlsx", "r.px", "r.json", "r.gpkg", "r.parquet"):
        assert export(last, tmp_path / name).is_file()


def test_nothing_of_the_internal_release_is_named_in_it(published):
    audit = json.loads((name_audit(published.folder) / "audit.json").read_text("utf-8"))
    for inside, public, said in zip(published.internal, published.public, audit["releases"], strict=True):
        text = (public.path / "manifest.json").read_text("utf-8") + (public.path / "method.toml").read_text("utf-8")
        secret = [inside.manifest["manifest_sha256"], inside.manifest["inputs"][0]["sha256"],
                  inside.manifest["inputs"][0]["name"], inside.manifest["yardstick"]["sha256"]]  # fmt: skip
        assert not [one for one in secret if one in text]
        assert said["internal"] == inside.manifest["manifest_sha256"]
        assert said["published"] == public.manifest["manifest_sha256"]
    assert not [path for path in published.folder.rglob("*") if "confidential" in path.name]


def test_the_audit_names_each_hidden_figure(published):
    cells = pd.read_parquet(name_audit(published.folder) / "cells.parquet")
    assert len(cells) == published.plan.chosen.hidden.sum()
    small = cells[cells["why"] == "under the rule"]
    counted = small[small["factor"] != c.POPULATION]
    assert SCB_RULE.find(counted["numerator"], counted["denominator"]).all()


@pytest.mark.parametrize("way", ["round", "cellkey"])
def test_moved_counts_are_moved_alike_and_by_no_more_than_said(internal, tmp_path, way):
    how = Protection(way=way, size=5, key=b"k" * 32)
    public, made = publish(internal[:1], tmp_path / "out", how)
    off = made.shown.denominator - made.counts.denominator
    assert np.abs(off).max() <= 5
    assert np.abs(off).max() > 0
    if way == "round":
        assert (made.shown.denominator % 5 == 0).all()
    # one area's residents are the denominator of crowding: one draw for both
    wide = {key: made.shown.wide(made.shown.denominator, 2023, key) for key in ("", "trangboddhet")}
    pd.testing.assert_series_equal(wide[""], wide["trangboddhet"])
    np.testing.assert_array_equal(plan(internal[:1], how).shown.numerator, made.shown.numerator)
    drawn = plan(internal[:1], replace(how, key=None))
    assert not np.array_equal(drawn.shown.denominator, made.shown.denominator)
    assert len(drawn.protection.key) == 32
    assert not SCB_RULE.find(public[0].factors["numerator"], public[0].factors["denominator"]).any()
    assert how.key.hex() not in (public[0].path / "manifest.json").read_text("utf-8")
    assert how.key.hex() in (name_audit(tmp_path / "out") / "audit.json").read_text("utf-8")


def test_what_is_wrong_is_said_at_once(internal, published, tmp_path):
    other = replace(internal[0])
    with pytest.raises(InputError) as caught:
        publish([internal[0], other, published.public[1]], tmp_path / "x", Protection(published=("nothing",)))
    text = str(caught.value)
    assert "two releases of one name" in text
    with pytest.raises(InputError) as caught:
        publish([internal[0], published.public[1]], tmp_path / "x", Protection(published=("nothing",)))
    assert "a release that is protected already" in str(caught.value)
    assert "no such factor" in str(caught.value)
    with pytest.raises(InputError, match="the folder exists"):
        publish(internal, published.folder)
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "x-confidential").exists()


def test_a_run_that_fails_leaves_neither_release_nor_audit(internal, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr("regso_cluster.publishing.write.write_parquet", fail)
    with pytest.raises(OSError, match="No space"):
        publish(internal[:1], tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
