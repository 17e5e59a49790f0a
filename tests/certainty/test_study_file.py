from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tomli_w

from regso_cluster.certainty.dial import Dial
from regso_cluster.certainty.study_file import (
    Study,
    StudyChoice,
    dials_of,
    load_study,
    own_value,
    settings_of,
    study_toml,
    with_settings,
)
from regso_cluster.errors import InputError
from regso_cluster.method import Shrinkage, builtin_methods, load_method, parse_method
from tests.tables import METHOD, method


def study(**choice):
    return Study((StudyChoice(name="x", **choice),))


def test_a_dial_turns_evenly():
    options = Dial("x", ("a",), options=("p", "q", "r"))
    assert [options.value(u) for u in (0.0, 0.33, 0.34, 0.999, 1.0)] == ["p", "p", "q", "r", "r"]
    whole = Dial("x", ("a",), low=4, high=6, whole=True)
    assert [whole.value(u) for u in (0.0, 0.3, 0.34, 0.99, 1.0)] == [4, 4, 5, 6, 6]
    assert isinstance(whole.value(0.5), int)
    assert Dial("x", ("a",), low=1.0, high=3.0).value(0.25) == 1.5
    assert [options.value(u) for u in options.ends()] == ["p", "q", "r"]


def test_ranges_around_the_methods_own_number():
    own = method()
    (dial,), idle = dials_of(study(set=("problems.limit.sd",), add=(-0.25, 0.5)), own)
    assert (dial.low, dial.high, dial.whole, idle) == (0.75, 1.5, False, {})
    each, _ = dials_of(study(set=("factors.*.weight",), times=(0.5, 2.0)), own)
    assert [(dial.places, dial.low, dial.high) for dial in each] == [
        (("factors.0.weight",), 0.5, 2.0), (("factors.1.weight",), 0.5, 2.0),
    ]  # fmt: skip
    several, _ = dials_of(study(set=("clusters.n_clusters",), add=(-2, 2)), load_method("utanforskap"))
    assert (several[0].low, several[0].high, several[0].whole) == (4, 8, True)


def test_what_the_method_lacks_is_said():
    dials, idle = dials_of(study(set=("clusters.n_clusters",), add=(-2, 2)), method())
    assert dials == ()
    assert idle == {"x": "the method has no clusters.n_clusters"}
    assert dials_of(study(set=("study.clustered_by",), options=("k-means", "ward")), method())[1]
    assert dials_of(study(set=("index.nonsense",), options=("a", "b")), method())[1]


def test_a_key_with_a_default_need_not_be_written():
    (dial,), _ = dials_of(study(set=("index.scale.winsorise",), options=("absent", (0.01, 0.99))), method())
    assert own_value(method(), dial) == "absent"
    plain = with_settings(method(), {"index.scale.winsorise": (0.01, 0.99)})
    assert plain["index"]["scale"]["winsorise"] == [0.01, 0.99]
    assert "winsorise" not in with_settings(method(), {"index.scale.winsorise": "absent"})["index"]["scale"]


def test_a_table_as_option_changes_only_what_it_names():
    option = {"aggregation": "sum", "min_factors": "absent"}
    plain = with_settings(method(), {"index": option})
    assert plain["index"]["aggregation"] == "sum"
    assert "min_factors" not in plain["index"]
    assert plain["index"]["scale"]["kind"] == "z"
    dial = Dial("x", ("index",), options=({"aggregation": "mean"}, option))
    assert own_value(method(), dial) == {"aggregation": "mean"}


def test_factors_that_a_rule_names_cannot_be_left_out():
    any_factor = study(set=("study.leave_out",), options=())
    own = load_method("utanforskap")
    (dial,), idle = dials_of(any_factor, own)
    assert dial.options == ("none", *own.keys)
    assert own_value(own, dial) == "none"
    assert idle == {}
    ruled = parse_method(METHOD.replace("{ at_least = 2 }", '{ all = ["poor"] }'))
    assert dials_of(any_factor, ruled)[0][0].options == ("none", "voted")
    # one factor of two can never be two problems
    dials, idle = dials_of(any_factor, method())
    assert not dials
    assert "asks for 2 problems, and of 2 factors 1 would be left" in idle["x"]
    assert [f["key"] for f in with_settings(method(), {"study.leave_out": "poor"})["factors"]] == ["voted"]


def test_settings_do_not_touch_the_method():
    own = load_method("utanforskap")
    before = own.hash
    settings = settings_of((Dial("x", ("problems.limit.sd", "index.scale.kind"), options=(1.0, 2.0)),), np.array([0.9]))
    assert settings == {"problems.limit.sd": 2.0, "index.scale.kind": 2.0}
    with_settings(own, {"problems.limit.sd": 3.0})
    assert own.hash == before


def test_the_study_of_the_package_reads_back_and_fits_every_method(tmp_path):
    shipped = load_study()
    (tmp_path / "s.toml").write_text(study_toml(shipped), "utf-8")
    assert load_study(tmp_path / "s.toml") == shipped
    for name in builtin_methods():
        dials, idle = dials_of(shipped, load_method(name))
        named = {dial.choice for dial in dials} | {name.split(",")[0] for name in idle}
        assert named == {choice.name for choice in shipped.choices}


def test_the_study_of_the_package_varies_every_choice_of_the_default_method():
    own = load_method("utanforskap")
    dials, idle = dials_of(load_study(), own)
    assert idle == {}
    (shrinkage,) = (dial for dial in dials if dial.choice == "shrinkage")
    assert own_value(own, shrinkage) == "absent"
    for u in shrinkage.ends():
        settings = settings_of((shrinkage,), np.array([u]))
        parse_method(tomli_w.dumps(with_settings(own, settings)))  # what the method takes
    shrunk = replace(own, shrinkage=Shrinkage("kommun"))
    assert own_value(shrunk, shrinkage) == {"towards": "kommun"}


def test_tables_that_the_method_cannot_have_are_not_run_but_named():
    towards = study(set=("shrinkage",), options=("absent", {"towards": "kommun"}, {"towards": "country"}))
    here = parse_method(METHOD.replace('coverage = "partial"', 'areas = "own"'))
    (dial,), idle = dials_of(towards, here)
    assert dial.options == ("absent", {"towards": "country"})
    assert idle == {"x, towards kommun": "areas of their own have no kommun"}
    rates = parse_method(METHOD.replace('numerator = "poor_n"\ndenominator = "poor_d"', 'value = "poor_pct"'))
    assert dials_of(towards, rates) == ((), {"x": "no factor has counts: nothing can be shrunk"})


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[[choices]]\nname = 'x'\nset = ['a']\n", "exactly one of options"),
        ("[[choices]]\nname = 'x'\nset = ['a']\noptions = [1, 2]\nbetween = [0, 1]\n", "exactly one of options"),
        ("[[choices]]\nname = 'x'\nset = ['a']\nbetween = [2, 1]\n", "lower number first"),
        ("[[choices]]\nname = 'x'\nset = ['a']\noptions = [1]\n", "Add one"),
        ("[[choices]]\nname = 'x'\nset = ['study.colour']\noptions = [1, 2]\n", "keys of the method"),
        (2 * "[[choices]]\nname = 'x'\nset = ['a']\nadd = [0, 1]\n", "Rename one"),
        ("[[choices]]\nname = 'x'\nset = ['a']\nad = [0, 1]\n", "lists the keys of a study"),
        ("choices = 1, 2", "not valid TOML"),
    ],
)  # fmt: skip
def test_refused_studies(tmp_path, text, hint):
    (tmp_path / "s.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=hint):
        load_study(tmp_path / "s.toml")


def test_no_study_at_all(tmp_path):
    with pytest.raises(InputError, match="leave study out"):
        load_study(tmp_path / "none.toml")


def test_numbers_that_the_method_cannot_have_are_not_run_but_named():
    # three clusters less two are one, which is no clustering: two is the least
    three = parse_method(METHOD + "[clusters]\nn_clusters = 3\n")
    (dial,), idle = dials_of(study(set=("clusters.n_clusters",), add=(-2, 2)), three)
    assert (dial.low, dial.high) == (2, 5)
    assert list(idle) == ["x, clusters.n_clusters below 2"]
    assert [dial.value(u) for u in (0.0, 0.24, 0.26, 0.74, 0.76, 1.0)] == [2, 2, 3, 4, 5, 5]
    five = parse_method(METHOD + "[clusters]\nn_clusters = 5\n")
    (dial,), idle = dials_of(study(set=("clusters.n_clusters",), add=(-2, 2)), five)
    assert (dial.low, dial.high, idle) == (3, 7, {})
    fifty = parse_method(METHOD + "[clusters]\nn_clusters = 49\n")
    (dial,), idle = dials_of(study(set=("clusters.n_clusters",), add=(-2, 2)), fifty)
    assert (dial.low, dial.high, list(idle)) == (47, 50, ["x, clusters.n_clusters above 50"])


def test_a_range_of_any_numbers_ends_where_the_method_ends():
    # a limit of 0.2 SD less 0.25 is none: such runs would fail, and each would cost its block of the Sobol indices
    own = load_method("utanforskap")
    near = replace(own, problems=replace(own.problems, limit=replace(own.problems.limit, sd=0.2)))
    (dial,), idle = dials_of(study(set=("problems.limit.sd",), add=(-0.25, 0.25)), near)
    assert 0 <= dial.low < 0.001
    assert dial.high == pytest.approx(0.45)
    assert len(idle) == 1
    assert next(iter(idle)).startswith("x, problems.limit.sd below ")
    for u in (0.0, 1.0):
        parse_method(tomli_w.dumps(with_settings(near, settings_of((dial,), np.array([u])))))
    (dial,), idle = dials_of(study(set=("problems.limit.sd",), add=(-0.25, 25.0)), near)
    assert 19.9 < dial.high <= 20
    assert [key.split()[2] for key in idle] == ["below", "above"]
    (dial,), idle = dials_of(study(set=("problems.limit.sd",), add=(-0.25, 0.25)), own)
    assert (dial.low, dial.high, idle) == (own.problems.limit.sd - 0.25, own.problems.limit.sd + 0.25, {})


def test_a_whole_number_place_is_given_whole_numbers():
    own = load_method("utanforskap")
    k = "clusters.n_clusters"
    (dial,), idle = dials_of(study(set=(k,), between=(3.5, 7.5)), own)
    assert (dial.low, dial.high, dial.whole, idle) == (4, 7, True, {})
    for u in (0.0, 0.3, 1.0):
        parse_method(tomli_w.dumps(with_settings(own, settings_of((dial,), np.array([u])))))
    # a key that is not written, and has no default, is asked for what it takes
    (dial,), idle = dials_of(study(set=("index.decimals",), between=(0, 3)), own)
    assert (dial.low, dial.high, dial.whole, idle) == (0, 3, True, {})
    dials, _ = dials_of(study(set=("factors.*.weight",), between=(1, 2)), own)
    assert not any(dial.whole for dial in dials)
    assert dials_of(study(set=(k,), between=(3.2, 3.8)), own) == ((), {f"x, {k}": "no whole number is in the range"})
    assert dials_of(study(set=(k,), between=(3.2, 4.8)), own) == ((), {f"x, {k}": "only 4 is in the range"})


@pytest.mark.parametrize(
    ("between", "ends"),
    [((0, 10_000_000), (2, 50)), ((60, 70), None), ((-5, 3), (2, 3)), ((48, 1e18), (48, 50)), ((-4, 1), None)],
)
def test_a_range_that_holds_little_or_nothing_of_what_is_possible(between, ends):
    # from 60 to 70 the method can have no number: 50, the last it can have, would be none of the range
    dials, idle = dials_of(study(set=("clusters.n_clusters",), between=between), load_method("utanforskap"))
    assert [(dial.low, dial.high) for dial in dials] == ([ends] if ends else [])
    assert idle


def test_a_range_beside_the_methods_own_number_ends_where_the_method_ends_too():
    own = load_method("utanforskap")
    (dial,), idle = dials_of(study(set=("problems.limit.sd",), between=(-1.0, 1.0)), own)
    assert 0 <= dial.low < 0.003
    assert list(idle) == [f"x, problems.limit.sd below {dial.low:g}"]
    dials, idle = dials_of(study(set=("problems.limit.sd",), between=(-2.0, -1.0)), own)
    assert not dials
    assert "greater than or equal to 0" in idle["x, problems.limit.sd"]


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"set": ("index.scale.kind",), "times": (0.5, 2)}, "x, index.scale.kind"),
        ({"set": ("index.scale.kind",), "between": (0.5, 2)}, "x, index.scale.kind"),
        ({"set": ("index.decimals",), "add": (0, 2)}, "x, index.decimals"),
        ({"set": ("study.clustered_by",), "between": (0, 1)}, "x, study.clustered_by"),
        ({"set": ("study.leave_out",), "add": (0, 1)}, "x, study.leave_out"),
    ],
)
def test_a_range_where_no_number_stands_is_named(choice, named):
    dials, idle = dials_of(study(**choice), load_method("utanforskap"))
    assert not dials
    assert list(idle) == [named]


@pytest.mark.parametrize(
    ("place", "options", "kept", "named"),
    [
        ("index.scale.kind", ("z", "robust_z", "zz"), ("z", "robust_z"), "x, zz"),
        ("clusters.n_clusters", (4, 5, 5.5), (4, 5), "x, 5.5"),
        ("study.clustered_by", ("k-means", "ward", "wards"), ("k-means", "ward"), "x, wards"),
        # an unknown factor would leave nothing out, and be counted as if something were
        ("study.leave_out", ("none", "valdeltagande", "voters"), ("none", "valdeltagande"), "x, voters"),
    ],
)
def test_options_that_nothing_has_are_not_run_but_named(place, options, kept, named):
    (dial,), idle = dials_of(study(set=(place,), options=options), load_method("utanforskap"))
    assert dial.options == kept
    assert list(idle) == [named]
    assert idle[named]


def test_an_option_is_the_methods_own_only_where_all_its_places_have_it():
    places = ("index.scale.kind", "clusters.scale.kind")
    both = parse_method(METHOD + "[clusters]\nn_clusters = 3\nscale = { kind = 'robust_z' }\n")
    (dial,), _ = dials_of(study(set=places, options=("z", "robust_z")), both)
    assert own_value(both, dial) is None  # the index has z, the clusters robust_z: either is another choice
    alike = parse_method(METHOD + "[clusters]\nn_clusters = 3\n")
    assert own_value(alike, dials_of(study(set=places, options=("z", "robust_z")), alike)[0][0]) == "z"


def test_the_scale_of_the_clusters_is_varied_too():
    own = load_method("utanforskap")
    dials, _ = dials_of(load_study(), own)
    places = {place for dial in dials for place in dial.places}
    assert {"index.scale.kind", "clusters.scale.kind", "clusters.weighting"} <= places
    for dial in dials:  # every option is one that the method can have
        for u in dial.ends() if dial.options else ():
            parse_method(tomli_w.dumps(with_settings(own, settings_of((dial,), np.array([u])))))
