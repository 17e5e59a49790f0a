from __future__ import annotations

import dataclasses
import hashlib
import json
import re

import pytest
import tomli_w

from regso_cluster.errors import InputError
from regso_cluster.method import (
    Certainty,
    Method,
    Origin,
    Yardstick,
    builtin_methods,
    hash_as_written,
    hash_yardstick,
    known_keys,
    line_of,
    load_method,
    parse_method,
    plain_method,
)
from tests.tables import METHOD, method


def refused(text):
    with pytest.raises(InputError) as error:
        parse_method(text, "m.toml")
    return error.value.faults


def line(text, wanted):
    return next(number for number, row in enumerate(text.splitlines(), start=1) if wanted in row)


def test_the_built_in_methods():
    assert builtin_methods() == (
        "imd-2025", "socioekonomiskt-index", "svi-2022", "utanforskap", "utanforskapets-karta-2004",
    )  # fmt: skip
    for name in builtin_methods():
        loaded = load_method(name)
        assert loaded.name == name
        assert parse_method(loaded.to_toml()) == loaded


def test_what_is_written_reads_back_equal_with_the_yardstick():
    measured = Yardstick(
        limits={"poor": 0.1 + 0.2, "voted": 70.0},
        scales={"index": {"poor": {"centre": 1e-17, "spread": 1.0}, "voted": {}}},
        choices_sha256=method().identity,
    )
    filled = dataclasses.replace(method(), measured=measured)
    assert parse_method(filled.to_toml()) == filled
    assert filled.hash == method().hash


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("sd = 1.0", "sd = 1.5", "measured for other choices"),
        ('worse = "high"', 'worse = "low"', "measured for other choices"),
        ("spread = 1.0", "spread = 0.0", "a spread of 0"),
        ("voted = 70.0\n", "", "limits measured for other factors (voted)"),
    ],
)
def test_a_yardstick_that_does_not_fit_the_choices_is_refused(old, new, says):
    """A release's method.toml edited by hand would judge by limits that it no longer names."""
    measured = Yardstick(
        limits={"poor": 30.0, "voted": 70.0},
        scales={"index": {"poor": {"centre": 1.0, "spread": 1.0}, "voted": {}}},
        choices_sha256=method().identity,
    )
    text = dataclasses.replace(method(), measured=measured).to_toml()
    assert old in text
    assert any(says in fault.what for fault in refused(text.replace(old, new, 1)))


def as_an_earlier_version_wrote_it(newer: Method, key: str) -> tuple[str, str]:
    """Write a method with its yardstick without one key of [certainty], and give its hash: that version knew none."""
    plain = plain_method(dataclasses.replace(newer, measured=None))
    del plain["certainty"][key]
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    measured = plain_method(dataclasses.replace(newer, measured=YARDSTICK))["measured"]
    return tomli_w.dumps(plain | {"measured": measured | {"choices_sha256": digest}}), digest


YARDSTICK = Yardstick(
    limits={"poor": 30.0, "voted": 70.0}, scales={"index": {"poor": {"centre": 1.0, "spread": 1.0}, "voted": {}}}
)


def test_a_release_of_a_version_that_knew_fewer_keys_is_read_and_judged_by():
    newer = dataclasses.replace(method(), certainty=Certainty())
    text, digest = as_an_earlier_version_wrote_it(newer, "prior_resamples")
    assert hash_as_written(text) == digest != newer.hash
    read = parse_method(text)
    assert dataclasses.replace(read, measured=None) == newer
    assert read.measured.choices_sha256 == newer.identity
    assert hash_yardstick(read.measured) == hash_yardstick(YARDSTICK)  # what was measured is the same
    carried = parse_method(
        text
        + f"""
        [baseline.origin]
        release = "r"
        year = 2023
        manifest_sha256 = "{"0" * 64}"
        [baseline.measured]
        choices_sha256 = "{digest}"
        limits = {{ poor = 30.0, voted = 70.0 }}
        [baseline.measured.scales.index]
        poor = {{ centre = 1.0, spread = 1.0 }}
        voted = {{}}
    """
    )
    assert carried.baseline.measured.choices_sha256 == newer.identity
    # edited by hand it is as little believed as a new one
    assert any(
        "measured for other choices" in fault.what for fault in refused(text.replace("draws = 1000", "draws = 99"))
    )
    assert hash_as_written(text.replace("draws = 1000", "draws = 99")) != digest


def test_the_hash_as_written_is_the_hash_of_what_was_just_written():
    filled = dataclasses.replace(method(), measured=dataclasses.replace(YARDSTICK, choices_sha256=method().identity))
    assert hash_as_written(filled.to_toml()) == filled.hash
    frozen = dataclasses.replace(filled, frozen=Origin("r", 2024, "0" * 64))
    assert hash_as_written(frozen.to_toml()) == frozen.hash != filled.hash


def test_the_hash_is_of_the_choices_not_of_the_writing():
    assert method(METHOD.replace("\n\n", "\n# a remark\n")).hash == method().hash
    assert (
        method(METHOD.replace('coverage = "partial"\n', "").replace("[table]", '[table]\ncoverage = "partial"')).hash
        == method().hash
    )
    assert method(METHOD.replace("sd = 1.0", "sd = 1.1")).hash != method().hash


@pytest.mark.parametrize(
    ("old", "new", "says", "at"),
    [
        ("sd = 1.0", "sdd = 1.0", "unknown key", "sdd"),
        ("[problems]", "[problms]", "unknown key", "[problms]"),
        ('unit = "per cent"\nworse = "high"', 'unit = "percent"\nworse = "high"', "wrong value", 'unit = "percent"'),
        ('worse = "high"', 'worse = "up"', "wrong value", 'worse = "up"'),
        ('worse = "high"\n', "", "a key is missing", "[[factors]]"),
        ("sd = 1.0", 'sd = "1.0"', "wrong value", 'sd = "1.0"'),
        ("sd = 1.0", "sd = nan", "wrong value", "sd = nan"),
        ('key = "voted"', 'key = "poor"', "stands twice", 'value = "voted_pct"'),
        ('key = "voted"', 'key = "Vota de"', "wrong value", 'key = "Vota de"'),
        ('unit = "per cent" }', 'unit = "share" }', "is in share, the factor in per cent", "below = 70.0"),
        ('below = 70.0, unit = "per cent"', "below = 70.0", "is in no unit", "below = 70.0"),
        ("below = 70.0", "above = 70.0", "but low is worse", "above = 70.0"),
        ("below = 70.0,", "below = 70.0, at_most = 60.0,", "one comparison, here 2", "at_most"),
        ("{ sd = 1.0 }", '{ sd = 1.0, unit = "per cent" }', "has no unit", "sd = 1.0"),
        ("at_least = 2", 'all = ["poor", "votd"]', "unknown factor 'votd'", "votd"),
        ("at_least = 2", 'all = ["poor", { any = ["votd"] }]', "unknown factor 'votd'", "votd"),
        ("at_least = 2", 'at_least = 2, all = ["poor"]', "one of at_least, all, any", "all = "),
        ("at_least = 2", "at_least = 3", "can never hold", "at_least = 3"),
        ("at_least = 2", "all = []", "wrong value", "all = []"),
        ('{ kind = "z" }', '{ kind = "z", winsorise = [0.9, 0.1] }', "the lower quantile", "winsorise"),
        ('key = "poor"', 'key = "composite"', "two columns one name", 'key = "composite"'),
        ('denominator = "poor_d"', 'denominator = "poor_n"', "are one column", 'denominator = "poor_n"'),
        ("min_factors = 1", "min_factors = 3", "more factors asked for", "min_factors = 3"),
        ("min_factors = 1", 'min_factors = 1\naggregation = "sum"', "a sum needs all factors", "min_factors = 1"),
        ('value = "voted_pct"', 'numerator = "voted_n"', "two columns of counts or one of values", "[[factors]]"),
        (
            'value = "voted_pct"',
            'value = "a"\nnumerator = "b"\ndenominator = "c"',
            "two columns of counts",
            "[[factors]]",
        ),
        (
            'unit = "per cent"\nworse = "high"',
            'unit = "score"\nworse = "high"',
            "a rate cannot have the unit",
            'unit = "score"',
        ),
        ('population = "population"\n', "", "no population column is named", "[table]"),
    ],
)  # fmt: skip
def test_a_wrong_method_is_refused_at_its_line(old, new, says, at):
    text = METHOD.replace(old, new, 1)
    if says.startswith("no population"):
        text = text.replace('{ kind = "z" }', '{ kind = "z", weighting = "residents" }')
    assert text != METHOD
    faults = [fault for fault in refused(text) if says in fault.what]
    assert faults, refused(text)
    if at == "[[factors]]":
        lines = [number for number, row in enumerate(text.splitlines(), 1) if row == at]
        assert any(f"line {number}" in faults[0].where for number in lines)
    elif says != "stands twice":
        assert f"m.toml, line {line(text, at)}" in faults[0].where


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ('[bands]\nkind = "sd"', "need `at`"),
        ('[bands]\nkind = "sd"\nat = [0, 1]', "must fall"),
        ('[bands]\nkind = "quantiles"', "needs `groups`"),
        ('[bands]\nkind = "sd"\nat = [1]\nnames = [{ sv = "a", en = "b" }]', "1 names for 2 groups"),
        ("[[index.themes]]\nkey = 't'\nname = { sv = 'a', en = 'b' }\nfactors = ['x']", "unknown factor 'x'"),
    ],
)
def test_sections_that_contradict_themselves(section, says):
    assert any(says in fault.what for fault in refused(f"{METHOD}\n{section}\n"))


def test_an_edge_above_the_core_is_refused_and_one_on_it_is_not():
    with pytest.raises(InputError, match=r"edge is above core.*core = 0\.9, edge = 0\.6"):
        method(METHOD + "\n[certainty]\nedge = 0.95\n")  # core is 0.9 by default
    assert method(METHOD + "\n[certainty]\nedge = 0.9\n").certainty.edge == 0.9


def test_a_group_that_nobody_can_be_in_is_refused():
    (fault,) = refused(METHOD.replace("at_least = 2", "at_least = 1"))
    assert fault.what == "at least 1 after at least 1: nobody is left"
    assert "from the worst" in fault.hint


def test_files_as_windows_writes_them(tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "m.toml").write_bytes(METHOD.encode(encoding))
        assert load_method(tmp_path / "m.toml") == method()


def test_a_misspelt_key_is_guessed():
    assert [fault.hint for fault in refused(METHOD.replace("min_factors", "min_factor"))] == ["Is it 'min_factors'?"]
    assert "with a point" in refused("a = 2,5")[0].hint


def test_steps_need_their_basis():
    text = METHOD.replace('[index]\nscale = { kind = "z" }\nmin_factors = 1\n', "[clusters]\nn_clusters = 2\n")
    assert [fault.what for fault in refused(text)] == ["clusters without index"]
    text = METHOD.replace("[problems]\nlimit = { sd = 1.0 }\n", "")
    assert [fault.what for fault in refused(text)] == ["composite without problems"]
    bare = METHOD[: METHOD.index("[problems]")]
    assert [fault.what for fault in refused(bare)] == ["the method classifies nothing"]


def test_every_fault_of_a_file_is_reported_at_once():
    text = METHOD.replace("sd = 1.0", "sdd = 1.0").replace('worse = "high"', 'worse = "up"')
    assert len(refused(text)) == 2


def test_not_toml_and_not_there(tmp_path):
    assert "line 2" in refused("a = 1\nb = = 2\n")[0].got
    assert refused("")[0].what == "an empty method"
    with pytest.raises(InputError, match="Built in: imd-2025"):
        load_method("nonsense")
    (tmp_path / "m.toml").write_bytes(b"titel = '\x81'")
    with pytest.raises(InputError, match="not UTF-8"):
        load_method(tmp_path / "m.toml")


def test_a_method_file_is_loaded_by_path(tmp_path):
    (tmp_path / "m.toml").write_text(METHOD, "utf-8")
    assert load_method(tmp_path / "m.toml") == method()


def test_lines_inside_arrays_of_tables():
    text = "a = 1\n[[f]]\nk = 1\n[f.x]\ny = 1\n[[f]]\nk = 2\n[f.x]\ny = 2\n"
    assert line_of(text, ("f", 0, "k")) == 3
    assert line_of(text, ("f", 1, "k")) == 7
    assert line_of(text, ("f", 1, "x", "y")) == 9
    assert line_of(text, ("f", 0, "x", "y", 3)) == 5
    assert line_of(text, ("f", 1)) == 6
    assert line_of(text, ("zzz",)) == 1


def test_a_misspelt_key_of_the_no_flicker_rule_is_guessed():
    text = METHOD.replace("[composite]\n", "[composite]\nsteady = { slack_ds = 0.25 }\n")
    assert text != METHOD
    assert [fault.hint for fault in refused(text)] == ["Is it 'slack_sd'?"]


def test_factor_properties():
    poor, voted = method().factors
    assert poor.columns == ("poor_n", "poor_d")
    assert voted.columns == ("voted_pct",)
    assert (poor.sign, voted.sign) == (1, -1)
    assert not method().needs_population
    assert method(METHOD.replace("sd = 1.0 }", 'sd = 1.0 }\nweighting = "residents"')).needs_population


def test_every_key_of_a_method_file_is_in_its_reference(root):
    written_by_runs = {field.name for field in dataclasses.fields(Yardstick)}
    text = (root / "docs" / "method.md").read_text("utf-8")
    words = set(re.findall(r"[a-z_]+", text))
    assert not known_keys() - written_by_runs - words
