from __future__ import annotations

import dataclasses
import json

import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import Text, identity_as_written, load_method, parse_method
from regso_cluster.release.model import Release, hash_manifest, read_release, verify_release
from regso_cluster.release.write import write_release
from regso_cluster.years.compare import compare
from tests.tables import METHOD, method, rows, write


def in_other_words(one):
    """Change every word of a method: no figure and no number of a group follows from them."""
    factors = tuple(dataclasses.replace(factor, name=Text("x", "y"), source="z") for factor in one.factors)
    groups = tuple(dataclasses.replace(group, name=Text("g", "h")) for group in one.composite.groups)
    composite = dataclasses.replace(one.composite, groups=groups, none=Text("i", "j"))
    said = {"name": "another", "title": Text("t", "u"), "description": Text("d", "e"), "source": "s"}
    return dataclasses.replace(one, factors=factors, composite=composite, **said)


def test_words_are_no_part_of_the_identity():
    one = load_method("utanforskap")
    other = in_other_words(one)
    assert other.hash != one.hash
    assert other.identity == one.identity


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 5},
        {"clusters": None},
        {"factors": "weight"},
    ],
)
def test_every_choice_is(change):
    one = load_method("utanforskap")
    if change == {"factors": "weight"}:
        change = {"factors": (dataclasses.replace(one.factors[0], weight=2.0), *one.factors[1:])}
    assert dataclasses.replace(one, **change).identity != one.identity


def test_the_identity_is_that_of_the_text_and_knows_nothing_measured(tmp_path):
    table = read_factors(write(rows(), tmp_path / "t.csv"), method(), edition=2025)
    measured = classify(table, method(), year=2024).method
    assert identity_as_written(measured.to_toml()) == measured.identity == method().identity
    assert identity_as_written(METHOD) != method().identity  # as it was written: without the defaults of today


@pytest.fixture
def released(tmp_path):
    def make(year, using, previous=None):
        table = read_factors(write(rows(), tmp_path / f"{year}.csv"), using, edition=2025)
        before = {"previous": previous.areas, "previous_method": previous.method} if previous else {}
        result = classify(table, using, year=year, **before)
        return write_release(result, tmp_path / str(year), previous=previous)

    return make


def another_method(release):
    return any("other_method" in str(note) for note in release.manifest["notes"])


def test_releases_in_other_words_are_of_one_method(released):
    first = released(2023, method())
    words = released(2024, in_other_words(method()), first)
    poor = dataclasses.replace(method().factors[0], weight=3.0)
    choice = released(2025, dataclasses.replace(method(), factors=(poor, *method().factors[1:])), first)
    assert first.manifest["method"]["sha256"] != words.manifest["method"]["sha256"]
    assert first.manifest["method"]["identity_sha256"] == words.manifest["method"]["identity_sha256"]
    assert [another_method(one) for one in (words, choice)] == [False, True]
    assert compare(first, words).moves.empty
    assert not any("other_composite_groups" in str(note) for note in words.manifest["notes"])


def test_a_release_that_names_the_old_hash_alone_verifies_and_compares(released):
    first = released(2023, method())
    later = released(2024, method(), first)
    file = first.path / "manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    del manifest["method"]["identity_sha256"]
    manifest["manifest_sha256"] = hash_manifest(manifest)
    file.write_text(json.dumps(manifest), "utf-8")
    assert verify_release(first.path) == []
    old = read_release(first.path, verify=True)
    assert isinstance(old, Release)
    assert compare(old, later).moves.empty


def test_an_identity_of_another_method_is_refused(released):
    release = released(2023, method())
    file = release.path / "manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    manifest["method"]["identity_sha256"] = "0" * 64
    manifest["manifest_sha256"] = hash_manifest(manifest)
    file.write_text(json.dumps(manifest), "utf-8")
    assert [fault.what for fault in verify_release(release.path)] == ["method.toml is not the method of the manifest"]


def test_a_method_parsed_again_has_the_same_identity():
    one = load_method("utanforskap")
    assert parse_method(one.to_toml()).identity == one.identity
