"""The figures of `summarise` and `protect` that could mislead: gaps, totals, what is refused, synthetic, bytes."""

from __future__ import annotations

import json
import warnings

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.files.made_up import is_synthetic
from regso_cluster.files.tables import read_table
from regso_cluster.joining.join import join
from regso_cluster.statistics.attach_groups import APART, with_regions
from regso_cluster.statistics.disclosure import DisclosureRule, EarlierTable, protect
from regso_cluster.statistics.protected_tables import is_marked, read_published, write_table
from regso_cluster.statistics.summarise import summarise


def run(*arguments, code=0):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        result = CliRunner().invoke(main, [str(part) for part in arguments])
    assert result.exit_code == code, result.output
    assert "fault of the program" not in result.output
    return result


def schools() -> pd.DataFrame:
    """Groups 1 and 2 of 100 and 200 pupils in areas, an area without a group of 40, and 500 pupils without an area."""
    return pd.DataFrame(
        {
            "school": list("abcdefgh"),
            "code": ["0114R001", "0114R002", "0114R003", "0114R004", "0114R005", "0114R006", None, None],
            "group": [1.0, 1, 2, 2, None, None, None, None],
            "passed": [30, 30, 80, 90, 10, 20, 250, 240],
            "pupils": [50, 50, 100, 100, 20, 20, 250, 250],
        }
    )


@pytest.mark.parametrize("protected", [True, False])
def test_a_gap_is_to_the_other_groups_with_an_area(protected):
    made = summarise(schools(), "group", "passed", of="pupils", area="code", protected=protected)
    table = made.table.set_index("group")
    assert table.index.tolist() == ["total", "1", "2", "-", "unmatched"]
    assert table["units"].tolist() == [840, 100, 200, 40, 500]
    # 60 per cent against 200 of the 240 others that have an area; the 490 of 500 without one are in no gap
    assert table.loc["1", "gap"] == pytest.approx(60 - 100 * 200 / 240)
    assert table.loc["2", "gap"] == pytest.approx(85 - 100 * 90 / 140)
    assert table.loc["-", "gap"] == pytest.approx(75 - 100 * 230 / 300)
    assert np.isnan(table.loc["unmatched", "gap"])
    assert any("without an area are the group 'unmatched' and in no gap" in note for note in made.notes)
    whole = summarise(schools().dropna(subset="code"), "group", "passed", of="pupils", area="code", protected=protected)
    columns = ["share", "gap", "gap_low", "gap_high"]
    pd.testing.assert_frame_equal(
        whole.table.set_index("group").loc[["1", "2", "-"], columns], table.loc[["1", "2", "-"], columns]
    )


def test_a_gap_does_not_tell_what_rows_without_an_area_hide():
    # 18 pupils without an area are too few: total less the rest, which a gap gives, would be theirs
    frame = schools().assign(passed=[30, 30, 80, 90, 10, 20, 8, 8], pupils=[50, 50, 100, 100, 20, 20, 9, 9])
    made = summarise(frame, "group", "passed", of="pupils", area="code")
    table = made.table.set_index("group")
    assert table.loc["unmatched", "hidden"]
    assert not table.loc["total", "hidden"]
    assert table[["gap", "gap_low", "gap_high"]].isna().all(axis=None)
    assert any("would give them away" in note for note in made.notes)


def test_a_row_of_totals_is_no_unit():
    total = {"school": "Summa", "code": None, "group": None, "passed": 750, "pupils": 840}
    with_total = pd.concat([schools(), pd.DataFrame([total])], ignore_index=True)
    made = summarise(with_total, "group", "passed", of="pupils", area="code")
    plain = summarise(schools(), "group", "passed", of="pupils", area="code")
    pd.testing.assert_frame_equal(made.table, plain.table)
    assert "1 row of totals left out, no unit: row 8" in made.notes
    # without the word it is refused where it equals the sum of all others, or nearly does
    for more, said in ((0, "equals the sum of others"), (3, "seems to sum up others")):
        nearly = with_total.assign(school="x")
        nearly.loc[8, "pupils"] += more
        with pytest.raises(InputError, match=f"row 8, column pupils, passed: a row that {said}"):
            summarise(nearly, "group", "passed", of="pupils", area="code")
    # a unit in an area is none, whatever it is called and however large; a note says what it equals
    large = with_total.assign(school="Total", code=with_total["code"].fillna("0114R007"))
    made = summarise(large, "group", "passed", of="pupils", area="code")
    assert made.table["units"].iloc[0] == 1680
    assert any(note.startswith("row 8 equals the sum of all other rows and is counted") for note in made.notes)


REFUSED = [
    ({"passed": [60, 30, 80, 90, 10, 20, 250, 240]}, {"of": "pupils"}, "60 of 50 in row 0"),
    ({"passed": [-1, 30, 80, 90, 10, 20, 250, 240]}, {"of": "pupils"}, "fewer than 0 with the attribute"),
    ({"passed": [1.5, 30, 80, 90, 10, 20, 250, 240]}, {"of": "pupils"}, "not whole"),
    ({"pupils": [-50, 50, 100, 100, 20, 20, 250, 250]}, {"of": "pupils"}, "fewer units than 0"),
    ({"pupils": [-50, 50, 100, 100, 20, 20, 250, 250]}, {"weight": "pupils"}, "fewer units than 0.*-50 in row 0"),
    ({"pupils": [np.inf, 50, 100, 100, 20, 20, 250, 250]}, {"weight": "pupils"}, "units that are no number"),
    ({"pupils": [1.5] * 8}, {"weight": "pupils"}, "weights of a survey.*are not supported"),
    ({"pupils": [1e300] * 8}, {"weight": "pupils"}, "more units than can be counted"),
    ({"passed": [np.inf, 30, 80, 90, 10, 20, 250, 240]}, {}, "a value that is no number"),
    ({"passed": [1e200, 30, 80, 90, 10, 20, 250, 240]}, {}, "too large to be summed"),
    ({"passed": [2.0] * 8}, {"kind": "share"}, "more with the attribute than units"),
]


@pytest.mark.parametrize(("columns", "options", "said"), REFUSED)
@pytest.mark.parametrize("protected", [True, False])
def test_what_cannot_be_counted_is_refused_protected_or_not(columns, options, said, protected):
    with pytest.raises(InputError, match=said):
        summarise(schools().assign(**columns), "group", "passed", protected=protected, **options)


def test_a_refusal_counts_the_rows_and_protect_refuses_alike():
    swapped = schools().rename(columns={"passed": "pupils", "pupils": "passed"}).drop(index=6)
    with pytest.raises(InputError, match="50 of 30 in row 0; 50 of 30 in row 1; 100 of 80 in row 2 and 3 more rows"):
        summarise(swapped, "group", "passed", of="pupils", protected=False)
    keys = schools().assign(group="1")
    for units, values, said in (
        (keys["passed"], keys["pupils"], "more with the attribute"),
        (-keys["pupils"], keys["passed"], "fewer units than 0"),
        (keys["pupils"] + 0.5, keys["passed"], "not whole"),
        (keys["pupils"] * np.nan, keys["passed"], "rows without a figure"),
    ):
        with pytest.raises(InputError, match=said):
            protect(keys, [("group",)], statistic="share", units=units, values=values)


def test_values_below_zero_have_a_mean():
    table = summarise(schools().assign(passed=-schools()["passed"]), "group", "passed", protected=False).table
    assert table.set_index("group").loc["1", "mean"] == -30


def test_decimals_end_where_the_number_ends():
    frame = pd.DataFrame({"g": ["a"] * 1000, "ok": [True] * 584 + [False] * 416})
    assert repr(summarise(frame, "g", "ok", protected=False).table["share"].tolist()[0]) == "58.4"


def test_rows_without_a_value_are_counted_with_their_units():
    frame = schools().assign(passed=[30, None, 80, 90, 10, 20, 250, None])
    made = summarise(frame, "group", "passed", of="pupils", area="code", protected=False)
    said = "2 rows without a value are counted in the column missing of their group, and in no other figure"
    assert f"{said}: 300 units in column pupils" in made.notes
    assert made.table["missing"].tolist() == [2, 1, 0, 0, 1]


# --- synthetic ---


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"regso_synthetic": pd.array([None, True], "boolean")}, True),
        ({"synthetic": ["", "ja"]}, True),
        ({"x_synthetic": ["False", "TRUE"]}, True),
        ({"Synthetic": [0, 1]}, True),
        ({"Påhittade siffror": ["nej", "ja"]}, True),
        ({"synthetic": [False, None]}, False),
        ({"synthetic": [0.0, np.nan]}, False),
        ({"synthetic": ["nej", ".."]}, False),
        ({"photosynthetic": [True, True]}, False),
        ({"synthetic": []}, False),
    ],
)
def test_a_table_says_of_itself_that_it_is_made_up(columns, expected):
    assert is_synthetic(pd.DataFrame(columns)) is expected


@pytest.fixture
def folder(released, tmp_path, monkeypatch):
    """A table of schools joined to the synthetic country: two in each of 60 areas, one nowhere, and a sum."""
    monkeypatch.chdir(tmp_path)
    areas = released.areas.index[released.areas["composite_group"].notna()][:60]
    frame = pd.DataFrame({"school": [f"s{at}" for at in range(120)], "code": [*areas, *areas]})
    frame = frame.assign(pupils=np.arange(120) % 7 + 60, passed=np.arange(120) % 7 + 40)
    lost = {"school": "borta", "code": "9999R001", "pupils": 90, "passed": 45}
    total = {
        "school": "Summa",
        "code": None,
        "pupils": frame["pupils"].sum() + 90,
        "passed": frame["passed"].sum() + 45,
    }
    pd.concat([frame, pd.DataFrame([lost, total])]).to_csv("schools.csv", index=False)
    frame.attrs["lost"] = 90
    for ending in ("csv", "xlsx", "parquet"):
        run("join", "schools.csv", "--release", released.path, "--on", "code", "--max-unmatched", 2,
            "--out", f"joined.{ending}")  # fmt: skip
    return tmp_path


SHARE = ("--value", "passed", "--of", "pupils")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_synthetic_survives_every_road(folder, ending):
    roads = {
        "summary": ("summarise", f"joined.{ending}", "--by", "regso_composite_group", *SHARE),
        "protected": ("protect", f"joined.{ending}", "--path", "lan,kommun", *SHARE),
    }
    for name, road in roads.items():
        assert "SYNTHETIC DATA" in run(*road, "--out", f"{name}.{ending}").stdout
        assert json.loads(run(*road, "--json").stdout)["synthetic"]
        for written in (f"{name}.{ending}", f"{name}-audit.{ending}"):
            if ending == "xlsx":
                assert "SYNTETISKA DATA" in openpyxl.load_workbook(written).worksheets[0]["A1"].value
            elif ending == "parquet":
                assert "synthetic" in pd.read_parquet(written)
            else:
                assert "synthetic" in pd.read_csv(written)
        written = folder / f"{name}.{ending}"
        sheet = "Tabell" if ending == "xlsx" else ""
        assert is_marked(written, read_table(written, sheet=sheet).frame)  # also for whoever reads it next


def test_synthetic_survives_chosen_columns_and_python(folder, released):
    run("join", "schools.csv", "--release", released.path, "--on", "code", "--max-unmatched", 2,
        "--columns", "composite_group", "--prefix", "x_", "--out", "few.csv")  # fmt: skip
    assert "SYNTHETIC DATA" in run("summarise", "few.csv", "--by", "x_composite_group", *SHARE).stdout
    given = pd.read_csv("schools.csv").iloc[:-2]
    joined = join(given, released, "code", columns=["composite_group"])
    assert is_synthetic(joined.table)
    for made in (summarise(joined.table, "regso_composite_group", "passed", of="pupils"),
                 protect(joined.table.astype({"regso_code": str}), [("regso_code",)], statistic="count")):  # fmt: skip
        assert made.table["synthetic"].all()
        assert made.audit["synthetic"].all()
        assert is_synthetic(made.table)
    real = summarise(given, "code", "passed", of="pupils")
    assert not real.synthetic
    assert "synthetic" not in real.table


def test_a_joined_table_keeps_names_and_tells_undecided_from_unmatched(folder, released):
    made = json.loads(run("summarise", "joined.csv", "--by", "regso_composite_group", *SHARE, "--json").stdout)
    rows = {row["group"]: row for row in made["table"]}
    assert list(rows)[-1] == "unmatched"
    assert rows["unmatched"]["name_sv"] == "Utan område"
    named = released.groups.query("grouping == 'composite_group'").set_index("group")["name_sv"]
    assert rows["4"]["name_sv"] == named[4]
    assert rows["total"]["units"] == sum(pd.read_csv("schools.csv")["pupils"][:-1])
    assert any("1 row is a total, no unit, and is left out" in note for note in made["notes"])


def test_protect_takes_what_join_wrote(folder):
    shown = run("protect", "joined.csv", "--path", "lan,kommun,regso", *SHARE, "--out", "p.csv").stdout
    assert "column regso: 1 row is the group" in shown
    table = pd.read_csv("p.csv", dtype={"lan": str, "kommun": str, "regso": str})
    lost = table[table["regso"] == APART[0]]
    assert lost["units"].tolist() == [90]
    assert table.loc[table["level"] == "total", "units"].tolist() == [pd.read_csv("schools.csv")["pupils"][:-1].sum()]
    own = table[table["level"] == "regso"].dropna(subset="regso")
    assert own["regso"].str.slice(0, 4).tolist()[0] == own["kommun"].tolist()[0]
    explicit = run("protect", "joined.csv", "--path", "regso_lan,regso_kommun,regso_code", *SHARE, "--json").stdout
    assert len(json.loads(explicit)["table"]) == len(table)


def test_protect_without_a_join_says_which_rows_have_no_area():
    frame = pd.DataFrame({"regso": ["0114R001", "0114R002", None], "own": ["a", None, "b"], "n": [50.0, 60, 70]})
    keys, units, _, notes = with_regions(frame, ["lan", "kommun", "regso", "own"], "n", None, "t.csv")
    assert keys["kommun"].tolist() == ["0114", "0114", APART[0]]
    assert keys["own"].tolist() == ["a", APART[1], "b"]
    assert units.tolist() == [50, 60, 70]
    assert len(notes) == 4
    with pytest.raises(InputError, match="no row has an area"):
        with_regions(frame.assign(regso="Kista"), ["regso"], "n", None, "t.csv")


def test_two_runs_write_the_same_bytes(folder):
    for number in (1, 2):
        for ending in ("xlsx", "csv", "parquet"):
            run("summarise", "joined.csv", "--by", "regso_composite_group", *SHARE, "--out", f"s{number}.{ending}")
            run("protect", "joined.csv", "--path", "lan,kommun", *SHARE, "--out", f"p{number}.{ending}")
    for name in ("s{}.{}", "p{}.{}", "s{}-audit.{}", "p{}-audit.{}"):
        for ending in ("xlsx", "csv", "parquet"):
            one, other = ((folder / name.format(number, ending)).read_bytes() for number in (1, 2))
            assert one == other, name
    assert openpyxl.load_workbook("s1.xlsx").properties.created.year == 2000


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_an_audit_of_nothing_hidden_is_an_audit(tmp_path, suffix):
    frame = pd.DataFrame({"g": ["a"] * 2 + ["b"] * 2, "n": [500] * 4, "v": [200] * 4})
    made = summarise(frame, "g", "v", of="n")
    assert made.audit.empty
    audit = read_published(write_table(made.audit, tmp_path / f"audit{suffix}", made.texts), ["g"])
    assert audit.empty
    before = made.protection.table
    later = summarise(frame.assign(n=700, v=300), "g", "v", of="n", earlier=EarlierTable(before, "cumulative", audit))
    assert later.table["units"].tolist() == [2800, 1400, 1400]
    empty = tmp_path / f"other{suffix}"
    write_table(pd.DataFrame({"x": []}), empty, made.texts)
    with pytest.raises(InputError):
        read_published(empty, ["g"])


def test_settings_that_cannot_be_and_doubled_columns_are_refused():
    with pytest.raises(InputError, match="no level of an interval"):
        summarise(schools(), "group", "passed", of="pupils", level=95)
    with pytest.raises(InputError, match="no quantile"):
        summarise(schools(), "group", "passed", of="pupils", quantiles=(0.5, 50))
    twice = pd.concat([schools(), schools()[["passed"]]], axis=1)
    with pytest.raises(InputError, match="two columns of one name"):
        summarise(twice, "group", "passed", of="pupils")
    with pytest.raises(InputError, match="a path with a column twice"):
        protect(schools().assign(group="a"), [("group", "group")], statistic="count", rule=DisclosureRule())


def test_a_notebook_shows_the_mark(folder, released):
    joined = join(pd.read_csv("schools.csv").iloc[:-2], released, "code")
    summary = summarise(joined.table, "regso_composite_group", "passed", of="pupils")
    shield = protect(joined.table, [("regso_code",)], statistic="count")
    for shown in (joined, summary, shield, released):
        assert "SYNTHETIC DATA" in shown._repr_html_()
    made = summarise(schools(), "group", "passed", of="pupils", area="code")
    assert "SYNTHETIC DATA" not in made._repr_html_()
    assert "<table" in made._repr_html_()
