"""The table of columns and groupings: complete, in two languages, and the only place that a new column touches."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

import regso_cluster
from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.release.write import write_release
from regso_cluster.schema import RELEASE, SCHEMA, columns, read_schema
from regso_cluster.words.columns import describe_columns, head_columns
from tests.tables import METHOD, method, rows, write

CONSTANTS = {name: value for name, value in vars(columns).items() if name.isupper()}


@pytest.fixture(scope="module")
def toml(root):
    return (root / "src/regso_cluster/schema/columns.toml").read_text("utf-8")


def test_every_column_has_one_constant_and_every_constant_a_column():
    assert {name.lower(): name.lower() for name in CONSTANTS} == {value: value for value in CONSTANTS.values()}
    assert set(CONSTANTS.values()) == {one.name for one in SCHEMA.columns if not one.repeats and one.table in RELEASE}


@pytest.mark.parametrize("one", SCHEMA.columns, ids=lambda one: f"{one.table}.{one.repeats}{one.name}")
def test_every_column_has_a_meaning_in_both_languages(one):
    assert one.meaning.sv.strip()
    assert one.meaning.en.strip()
    assert one.heading is None or (one.heading.sv.strip() and one.heading.en.strip())


def test_the_columns_of_a_factor_stay_together_and_a_theme_follows_the_index():
    order = SCHEMA.order_of_areas(["a", "b"], ["t"])
    assert order[order.index("a_value") : order.index("b_value")] == [
        "a_value", "a_status", "a_own_weight", "a_score", "a_problem", "a_borrowed", "a_probability", "a_flip_persons",
        "a_held", "a_tier",
    ]  # fmt: skip
    assert order[order.index("index_percent_rank") : order.index("band")] == [
        "index_percent_rank", "t_index", "t_rank", "t_rank_low", "t_rank_high", "t_percent_rank",
    ]  # fmt: skip
    assert len(order) == len(set(order))


def test_the_names_that_a_grouping_makes_are_columns():
    known = set(SCHEMA.of_table("areas"))
    for one in SCHEMA.groupings.values():
        made = {one.name, one.group_name, one.probability, one.second, one.second_probability, one.flip_factor,
                one.flip_persons, one.flip_group}  # fmt: skip
        assert made <= known
    numbers = {one.name: one.of for one in SCHEMA.columns if one.role == "group" and one.table == "areas"}
    assert numbers["composite_second"] == "composite_group"
    assert numbers["cluster_flip_group"] == "cluster"


def test_a_column_is_found_behind_the_names_made_from_it():
    assert SCHEMA.find("composite_group_absolute").of == "composite_group"
    assert SCHEMA.find("poor_flip_persons").role == "persons"
    assert SCHEMA.find("poor_rank_low").repeats == "theme"
    assert SCHEMA.find("poor_tier").join
    assert SCHEMA.find("what") is None


def test_groupings_by_fixed_limits_follow_their_own():
    assert SCHEMA.compared() == (
        "composite_group", "composite_group_absolute", "band", "band_absolute", "cluster",
    )  # fmt: skip
    assert SCHEMA.inline("band_absolute").sv == "indexgrupp, absoluta gränser"
    assert SCHEMA.inline("poor_tier").en == "poor_tier"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[areas.kommun]\n", "[areas.kommun]\nhigh = true\n"),
        ('[areas."{factor}_tier"]', '[areas."{year}_tier"]'),
        ('  "name",\n', '  "nothing",\n'),
        ('of = "cluster"', 'of = "clusters"'),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(toml, before, after):
    assert before in toml
    with pytest.raises(ValueError, match=r"columns\.toml"):
        read_schema(toml.replace(before, after, 1))


def test_headings_and_meanings_come_from_the_table():
    using = load_method("utanforskap")
    asked = ["kommun_name", f"{using.keys[0]}_problem", "composite_group_absolute"]
    meant, heads = describe_columns(asked, using), head_columns(asked, using)
    name = using.factors[0].name
    assert list(meant["sv"])[:2] == ["Kommunens namn", f"{name.sv}: bortom gränsen"]
    assert list(heads["en"]) == ["Kommun", f"{name.en}: problem", "Composite group, fixed limits"]


NEW = """
[areas.mood]
meaning = { sv = "Stämningen i området", en = "Mood of the area" }
heading = { sv = "Stämning", en = "Mood" }
join = true

[areas.camp]
meaning = { sv = "Läger, 1 störst", en = "Camp, 1 the largest" }
heading = { sv = "Läger", en = "Camp" }
role = "group"
of = "camp"
"""
CAMP = """
[groupings.camp]
stem = "camp"
numbered_by = "kind"
inline = { sv = "läger", en = "camp" }
"""
SCRIPT = """
import openpyxl, sys
import pandas as pd
from regso_cluster.exports.cube import build_cube
from regso_cluster.exports.workbook import write_workbook
from regso_cluster.method import load_method
from regso_cluster.joining.added_columns import is_joined
from regso_cluster.release.model import read_release
from regso_cluster.schema import RELEASE, SCHEMA
from regso_cluster.words.texts import WORDS
release = read_release(sys.argv[1])
areas = release.areas.assign(mood=1.5, camp=1)
groups = release.groups.iloc[:1].assign(grouping="camp", group=1, name_sv="Ett", name_en="One")
vars(release).update(areas=areas, groups=pd.concat([release.groups, groups], ignore_index=True))
write_workbook(release, sys.argv[2] + "/new.xlsx", language="en")
book = openpyxl.load_workbook(sys.argv[2] + "/new.xlsx", read_only=True)
explained = {row[-1]: row[1:3] for row in book["Columns"].iter_rows(values_only=True)}
assert explained["mood"] == ("Mood", "Mood of the area"), explained["mood"]
top = [row for _, row in zip(range(2), book["Areas"].iter_rows(values_only=True))]
headings = next(row for row in top if "Area" in row)
assert headings[1:3] == ("Mood", "Area"), headings[:4]
order = SCHEMA.order_of_areas(release.method.keys, [])
assert order[order.index("mood") + 1] == "camp" and order[order.index("camp") + 1] == "synthetic", order
assert is_joined("mood") and not is_joined("camp")
assert "camp" in SCHEMA.compared() and SCHEMA.inline("camp").sv == "läger"
assert "camp" in SCHEMA.reserved
assert WORDS["grouping_camp"] == {"sv": "Läger", "en": "Camp"}
content = next(one for one in build_cube(release).contents if one.key == "camp")
assert content.labels[1].en == "One" and content.name.sv == "Läger", content
"""


def test_a_new_column_and_grouping_touch_one_file(tmp_path, root, toml):
    """A copy of the program with one changed file: headings, meanings, order, explanations and labels follow."""
    using = method(METHOD)
    table = read_factors(write(rows(), tmp_path / "t.csv"), using, edition=2025)
    released = write_release(classify(table, using, year=2024), tmp_path / "release")
    package = tmp_path / "src" / "regso_cluster"
    shutil.copytree(regso_cluster.__path__[0], package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "data").symlink_to(root / "data")
    changed = toml.replace("workbook = [\n", 'workbook = [\n  "mood",\n').replace(
        "[areas.synthetic]", f"{NEW}\n[areas.synthetic]"
    )
    changed = changed.replace("# areas: a row an area\n", f"{CAMP}\n# areas: a row an area\n")
    (package / "schema/columns.toml").write_text(changed, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(released.path), str(tmp_path)],
        cwd=package.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
