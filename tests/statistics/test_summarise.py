from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.files.tables import read_table
from regso_cluster.release.write import write_release
from regso_cluster.statistics.attach_groups import attach_groups, read_variables
from regso_cluster.statistics.disclosure import DisclosureRule, EarlierTable
from regso_cluster.statistics.protected_tables import as_levels, name_audit, read_published, write_table
from regso_cluster.statistics.summarise import _hide, summarise
from regso_cluster.statistics.summary import CAUTION


@pytest.fixture(scope="module")
def released(example_release, tmp_path_factory):
    return write_release(example_release.classification, tmp_path_factory.mktemp("summaries") / "2024")


def schools() -> pd.DataFrame:
    """Three groups of areas with 100, 200 and 40 pupils."""
    return pd.DataFrame(
        {
            "area": ["a1", "a2", "b1", "b2", "c1", "c2"],
            "group": [1.0, 1, 2, 2, np.nan, np.nan],
            "passed": [30, 30, 80, 90, 10, 20],
            "pupils": [50, 50, 100, 100, 20, 20],
            "merit": [200.0, 210, 220, 230, 190, np.nan],
        }
    )


def by_group(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("group")


def test_a_share_by_hand():
    made = summarise(schools(), "group", "passed", of="pupils", area="area")
    table = by_group(made.table)
    assert made.kind == "share"
    assert table.index.tolist() == ["total", "1", "2", "-"]
    assert table["units"].tolist() == [340, 100, 200, 40]
    assert table["attribute"].tolist() == [260, 60, 170, 30]
    assert table["share"].tolist() == pytest.approx([100 * 260 / 340, 60, 85, 75])
    assert table["areas_seen"].tolist() == [6, 2, 2, 2]
    # group 1 against the 240 others, of whom 200 passed
    assert table.loc["1", "gap"] == pytest.approx(60 - 100 * 200 / 240)
    assert np.isnan(table.loc["total", "gap"])
    # two areas of known sizes could be solved for from an interval: none is shown
    assert table.loc["1", ["low", "high", "gap_low", "gap_high"]].isna().all()
    assert not table["hidden"].any()
    # two areas do not make a median: six must lie on either side
    assert table["median"].isna().all()
    free = by_group(summarise(schools(), "group", "passed", of="pupils", area="area", protected=False).table)
    assert free.loc["1", "median"] == 60
    assert free.loc["1", "gap_low"] < free.loc["1", "gap"] < free.loc["1", "gap_high"]
    assert free.loc["2", "median"] == pytest.approx(85)  # 80 and 90 per cent, of as many


def test_a_weighted_mean_by_hand_and_missing_values_are_counted():
    made = summarise(schools(), "group", "merit", weight="pupils", area="area")
    table = by_group(made.table)
    assert table.loc["total", "mean"] == pytest.approx((50 * 410 + 100 * 450 + 20 * 190) / 320)
    assert table["missing"].isna().tolist() == [True, False, False, True]  # one is one person: neither is shown
    assert table["rows"].tolist() == [5, 2, 2, 1]
    assert "fewer than 6 rows have no value" in made.notes[0]
    # 20 pupils are too few; of the others the one that costs least is hidden with them
    assert table.loc["-", "hidden"]
    assert table["hidden"].sum() == 2
    assert table.loc[table["hidden"], ["mean", "low", "high", "gap"]].isna().all(axis=None)
    unprotected = summarise(schools(), "group", "merit", protected=False)
    assert "1 row without a value is counted" in unprotected.notes[0]
    assert by_group(unprotected.table)["missing"].tolist() == [1, 0, 0, 1]
    plain = by_group(unprotected.table)
    assert plain["mean"].tolist() == pytest.approx([210, 205, 225, 190])
    assert plain["units"].tolist() == [5, 2, 2, 1]


def test_intervals_are_for_six_areas_and_rounded_outwards():
    def made(areas, **options):
        frame = pd.DataFrame({"group": np.repeat(["a", "b"], areas), "area": np.arange(2 * areas).astype(str),
                              "pupils": 97, "passed": np.tile(np.arange(40, 40 + areas), 2)})  # fmt: skip
        return by_group(summarise(frame, "group", "passed", of="pupils", area="area", **options).table).loc["a"]

    five, six, exact = made(5), made(6), made(6, protected=False)
    assert five[["low", "high", "gap_low", "gap_high"]].isna().all()
    for low, high in (("low", "high"), ("gap_low", "gap_high")):
        assert exact[low] - 1 < six[low] <= exact[low]
        assert exact[high] <= six[high] < exact[high] + 1
        assert six[low] == pytest.approx(round(six[low], 1), abs=1e-9)  # a width of eight per cent: steps of a tenth


def test_weights_weigh():
    frame = schools().assign(pupils=[10, 90, 100, 100, 40, 40])
    table = by_group(summarise(frame, "group", "merit", weight="pupils", protected=False).table)
    assert table.loc["1", "mean"] == pytest.approx(209)
    assert table.loc["1", "median"] == 210


def test_a_hidden_total_takes_every_gap_with_it():
    frame = pd.DataFrame({"group": ["a"] * 30, "area": ["x"] * 30, "ok": [True] * 28 + [False] * 2})
    made = summarise(frame, "group", "ok", area="area")
    assert made.kind == "share"
    assert made.table["hidden"].all()
    assert made.table[["share", "gap", "median", "q25", "attribute"]].isna().all(axis=None)
    assert made.table["units"].tolist() == [30, 30]


def test_a_gap_does_not_give_a_hidden_total_away():
    # group 1 was published before and cannot be hidden, so that the total goes with the small group; the gap of group 1
    # to the rest would tell the rest, and so the total
    frame = schools().assign(passed=[30, 30, 80, 90, 1, 2], group=[1, 1, 1, 1, 2, 2])
    before = pd.DataFrame({"level": ["group"], "group": ["1"], "units": [300.0], "attribute": [230.0]})
    made = summarise(frame, "group", "passed", of="pupils", area="area", earlier=EarlierTable(before, "same"))
    table = by_group(made.table)
    assert table.loc["1", "share"] == pytest.approx(100 * 230 / 300)
    assert np.isnan(table.loc["total", "share"])
    assert table[["gap", "gap_low", "gap_high"]].isna().all(axis=None)


def test_nothing_hidden_can_be_put_together_again():
    # 3 of 40 in one group: without more, total less the others gives it
    frame = schools().assign(passed=[30, 30, 80, 90, 1, 2])
    table = by_group(summarise(frame, "group", "passed", of="pupils", area="area").table)
    assert np.isnan(table.loc["-", "share"])
    assert table.loc[["1", "2"], "share"].isna().sum() == 1
    assert not np.isnan(table.loc["total", "share"])
    hidden = table.index[table["hidden"]]
    assert table.loc[hidden, ["attribute", "low", "high", "gap", "gap_low", "gap_high"]].isna().all(axis=None)


def test_few_units_hide_what_counts_them():
    frame = pd.DataFrame({"group": ["a"] * 3 + ["b"] * 40 + ["c"] * 50, "v": 1.0 + np.arange(93)})
    table = by_group(summarise(frame, "group", "v").table)
    assert table.loc["a", ["units", "rows", "areas_seen", "missing"]].isna().all()
    assert table["units"].isna().sum() == 2
    assert table.loc["total", "units"] == 93


def test_quantiles_need_rows_on_either_side():
    # the median of 24 has 12 on either side, the quartile 6, the decile 2.4
    frame = pd.DataFrame({"group": "a", "v": np.arange(24.0)})
    table = summarise(frame, "group", "v", quantiles=(0.1, 0.25, 0.5)).table
    assert table["median"].tolist() == [11.5, 11.5]
    assert table["q25"].notna().all()
    assert table["q10"].isna().all()
    fewer = summarise(frame.head(23), "group", "v", quantiles=(0.25, 0.5)).table
    assert fewer["q25"].isna().all()


def test_groups_in_an_order_that_reads_and_settings_that_hold():
    frame = pd.DataFrame({"group": ["10", "2", None, "1", "unmatched"] * 30, "v": 2.0})
    made = summarise(frame, "group", "v", rule=DisclosureRule(min_units=31))
    assert made.table["group"].tolist() == ["total", "1", "2", "10", "-", "unmatched"]
    assert made.table["hidden"].tolist() == [False, True, True, True, True, True]


def test_refusals_say_how_to_mend():
    frame = schools()
    with pytest.raises(InputError, match="Columns there are: area, group"):
        summarise(frame, "nope", "passed")
    with pytest.raises(InputError, match="leave weight out"):
        summarise(frame, "group", "passed", of="pupils", weight="pupils")
    with pytest.raises(InputError, match="Convert it first"):
        summarise(frame, "group", "area")
    with pytest.raises(InputError, match="Name another column"):
        summarise(frame.assign(passed=np.nan), "group", "passed")
    with pytest.raises(InputError, match="more with the attribute than units"):
        summarise(frame.assign(passed=99), "group", "passed", of="pupils")


def test_the_callers_table_is_left_alone():
    frame = schools()
    summarise(frame, "group", "passed", of="pupils", area="area")
    pd.testing.assert_frame_equal(frame, schools())


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_written_and_read_back_for_the_year_after(tmp_path, suffix):
    frame = schools().assign(passed=[30, 30, 80, 90, 1, 2])
    made = summarise(frame, "group", "passed", of="pupils", area="area")
    out = write_table(made.table, tmp_path / f"t{suffix}", made.texts, synthetic=True)
    audit = write_table(made.audit, name_audit(out), made.texts)
    back = as_levels(read_published(out, ["group"]), ["group"])
    assert back["attribute"].tolist() == pytest.approx(made.table["attribute"].tolist(), nan_ok=True)
    more = frame.assign(passed=frame["passed"] + 1, pupils=frame["pupils"] + 2)
    earlier = EarlierTable(back, "cumulative", read_published(audit, ["group"]))
    later = summarise(more, "group", "passed", of="pupils", area="area", earlier=earlier)
    # two persons came to each area: their shares must not be the difference of two tables
    assert later.protection.is_safe
    assert (later.audit["period"] == "increase").any()
    assert later.table["hidden"].sum() > made.table["hidden"].sum()


def test_the_workbook_says_what_has_to_be_said(tmp_path):
    made = summarise(schools(), "group", "passed", of="pupils", area="area")
    book = openpyxl.load_workbook(write_table(made.table, tmp_path / "t.xlsx", made.texts, synthetic=True))
    assert book.sheetnames == ["Tabell", "Läs detta", "Kolumner"]
    assert "SYNTETISKA" in book["Tabell"]["A1"].value
    said = "\n".join(str(cell) for row in book["Läs detta"].iter_rows(values_only=True) for cell in row)
    assert CAUTION.sv in said
    assert CAUTION.en in said
    assert all(row[1].value for row in book["Kolumner"].iter_rows(min_row=3))
    flat = pd.read_csv(write_table(made.table, tmp_path / "t.csv", made.texts))
    assert flat["note_sv"].str.contains("ekologiskt felslut").all()
    assert "synthetic" not in flat
    with pytest.raises(InputError, match="one of these endings"):
        write_table(made.table, tmp_path / "t.docx", made.texts)


def test_codes_as_a_spreadsheet_left_them_find_their_groups(released):
    codes = released.areas.index[:3]
    data = pd.DataFrame({"kod": [codes[0].lstrip("0"), f"{codes[1]}_RegSO2025", "9999R001", None]})
    joined, notes = attach_groups(data, released, "kod", ["composite_group"], "t.csv")
    assert joined["composite_group"].tolist()[2:] == ["unmatched", "unmatched"]
    assert joined["composite_group"].iloc[0] == released.areas["composite_group"].iloc[0]
    assert "1 code mended" in notes[0]
    assert "2 rows have no area" in notes[1]
    with pytest.raises(InputError, match="never on the name"):
        attach_groups(data.tail(2), released, "kod", ["composite_group"])
    with pytest.raises(InputError, match="There are: composite_group, cluster"):
        attach_groups(data, released, "kod", ["group"])
    with pytest.raises(InputError, match="with on"):
        attach_groups(data, released, "regso", ["composite_group"])
    with pytest.raises(InputError, match="through a crosswalk"):
        attach_groups(data.assign(kod=f"{codes[0]}_RegSO2020"), released, "kod", ["composite_group"])


def test_numbers_and_yes_and_no_are_read(tmp_path):
    (tmp_path / "t.csv").write_text("kod;v;ja\na;1,5;ja\nb;..;nej\nc;2;\n", "utf-8")
    raw = read_table(tmp_path / "t.csv")
    frame, _ = read_variables(raw, ["v", "ja"])
    assert frame["v"].tolist() == pytest.approx([1.5, np.nan, 2], nan_ok=True)
    assert frame["ja"].tolist()[:2] == [True, False]
    with pytest.raises(InputError, match="row 2, column kod"):
        read_variables(raw, ["kod"])


@pytest.fixture
def run(released, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    pupils = rng.poisson(rng.gamma(1.2, 100, len(released.areas)))
    frame = pd.DataFrame({"regso": released.areas.index, "pupils": pupils, "passed": rng.binomial(pupils, 0.8)})
    frame.to_csv("schools.csv", sep=";", index=False)

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


SHARE = ("--value", "passed", "--of", "pupils")


def test_the_command_summarises_and_protects(run, released, tmp_path):
    arguments = ("summarise", "schools.csv", "--release", released.path, "--by", "composite_group", *SHARE)
    shown = run(*arguments, "--by", "cluster", "--out", "s.xlsx").stdout
    for said in ("SYNTHETIC DATA", "ecological fallacy", "Stor sammanvägd", "gap", "s-audit.xlsx"):
        assert said in shown
    assert (tmp_path / "s-audit.xlsx").exists()
    made = json.loads(run(*arguments, "--json").stdout)
    assert made["protected"]
    assert made["synthetic"]
    assert [row["group"] for row in made["table"]] == ["total", "1", "2", "3", "4", "-"]
    strict = json.loads(run(*arguments, "--json", "--min-count", 8000).stdout)
    assert [row["hidden"] for row in strict["table"]].count(True) >= 2
    assert "UNPROTECTED" in run(*arguments, "--unprotected").stdout
    assert not json.loads(run(*arguments, "--unprotected", "--json").stdout)["protected"]


def test_a_joined_table_is_summarised_as_it_is(run, released, tmp_path):
    table = pd.read_csv(tmp_path / "schools.csv").rename(columns={"regso": "regso_code"})
    table.to_csv(tmp_path / "joined.csv", index=False)
    arguments = ("--release", released.path, "--by", "composite_group", *SHARE, "--json")
    made = [json.loads(run("summarise", name, *arguments).stdout)["table"] for name in ("joined.csv", "schools.csv")]
    assert made[0] == made[1]


def test_the_command_refuses(run, released, tmp_path):
    arguments = ("summarise", "schools.csv", "--release", released.path, "--by", "composite_group", *SHARE)
    before = (tmp_path / "schools.csv").read_bytes()
    assert "the output is an input" in run(*arguments, "--out", "schools.csv", code=1).stderr
    assert (tmp_path / "schools.csv").read_bytes() == before
    assert "inside the release" in run(*arguments, "--out", released.path / "x.csv", code=1).stderr
    assert ".csv, .txt, .tsv, .xlsx, .parquet" in run(*arguments, "--out", "x.docx", code=1).stderr
    assert "no such file" in run("summarise", "none.csv", "--by", "g", "--value", "v", code=1).stderr
    run("summarise", "schools.csv", "--by", "g", "--value", "v", "--dominance", "x", code=2)
    assert not list(tmp_path.glob(".*partial*"))


@pytest.mark.thorough
def test_a_country_is_protected_down_to_its_areas(run, tmp_path):
    shown = run("protect", "schools.csv", "--path", "lan,kommun,regso", *SHARE, "--out", "p.parquet").stdout
    assert "every one has a feasible interval" in shown
    table = pd.read_parquet(tmp_path / "p.parquet")
    assert table["level"].value_counts().to_dict() == {"regso": 3363, "kommun": 290, "lan": 21, "total": 1}
    few = (table["units"] < 21) | (table["attribute"] < 6) | (table["units"] - table["attribute"] < 6)
    assert table.loc[few & (table["units"] > 0), "share"].isna().all()
    audit = pd.read_parquet(tmp_path / "p-audit.parquet")
    assert audit["safe"].all()
    assert set(audit["kind"]) == {"primary", "complementary"}
    assert "NOT FOR PUBLICATION" in audit["note_en"].iloc[0]


def test_an_interval_does_not_give_hidden_areas_away():
    frame = pd.DataFrame(
        {
            "type": list("AAABBBCD"),
            "pupils": [200, 310, 150, 220, 180, 90, 30, 40],
            "passed": [100, 160, 70, 80, 90, 50, 2, 21],
        }
    )
    public = summarise(frame, "type", "passed", of="pupils").table
    assert by_group(public)["attribute"].isna()[["C", "D"]].all()
    # the intruder knows from the total that C and D have 23 together: no way to part them gives other intervals
    told = ["low", "high", "gap_low", "gap_high"]
    for guess in range(10, 14):
        other = frame.assign(passed=[*frame["passed"][:6], guess, 23 - guess])
        found = summarise(other, "type", "passed", of="pupils", rule=DisclosureRule(min_units=41)).table
        pd.testing.assert_frame_equal(found[told][:3], public[told][:3])


def test_a_heavy_row_does_not_become_the_median():
    frame = pd.DataFrame({"g": "a", "wage": [100.0, *range(101, 141)], "staff": [900, *[2] * 40]})
    table = summarise(frame, "g", "wage", weight="staff").table
    # most of the staff work at the smallest wage: the median is the smallest value of all, which is never given
    assert table["median"].isna().all()
    even = summarise(frame.assign(staff=2), "g", "wage", weight="staff").table
    assert even["median"].tolist() == [120, 120]


def test_a_group_that_looks_like_a_formula_is_text_in_every_form(tmp_path):
    frame = schools().assign(group=["=1+1", "=1+1", "@SUM(A1)", "@SUM(A1)", None, None])
    made = summarise(frame, "group", "passed", of="pupils", area="area")
    path = write_table(made.table, tmp_path / "t.csv", made.texts)
    raw = pd.read_csv(path, dtype=str)
    assert raw["group"].tolist() == ["total", "'=1+1", "'@SUM(A1)", "'-"]
    for suffix in (".csv", ".xlsx", ".parquet"):
        back = read_published(write_table(made.table, tmp_path / f"t{suffix}", made.texts), ["group"])
        assert back["group"].tolist() == ["total", "=1+1", "@SUM(A1)", "-"]


def test_the_audit_never_takes_the_place_of_another_file(run, tmp_path):
    arguments = ("summarise", "schools.csv", "--by", "regso", *SHARE)
    for out, audit in (("t.csv", "t.csv"), ("t.csv", "./t.csv"), ("t.csv", "schools.csv")):
        assert run(*arguments, "--out", out, "--audit", audit, code=1)
    (tmp_path / "schools.csv").rename(tmp_path / "s-audit.csv")
    before = (tmp_path / "s-audit.csv").read_bytes()
    refused = run("summarise", "s-audit.csv", "--by", "regso", *SHARE, "--out", "s.csv", code=1)
    assert "the output is an input" in refused.stderr
    assert (tmp_path / "s-audit.csv").read_bytes() == before
    assert not (tmp_path / "s.csv").exists()


def test_a_gap_is_hidden_with_the_total():
    made = summarise(schools(), "group", "passed", of="pupils", area="area")
    public = made.protection.table.copy()
    public.loc[public["level"] == "total", ["attribute", "share"]] = np.nan
    table = made.table.assign(_median=9.0, _q25=9.0, _q75=9.0)
    table = _hide(table, replace(made.protection, table=public), DisclosureRule(), (0.25, 0.5, 0.75))
    # the share of a group and its gap to the rest would give the total
    assert table["share"].notna().tolist() == [False, True, True, True]
    assert table[["gap", "gap_low", "gap_high"]].isna().all(axis=None)


def ones(count, of):
    """A group "a" in which so many of so many are 1, beside a large one."""
    values = [1.0] * count + [0.0] * (of - count) + [1.0, 0.0] * 100
    return pd.DataFrame({"group": ["a"] * of + ["b"] * 200, "v": values})


def test_a_mean_of_zeros_and_ones_obeys_the_rule_of_the_share():
    made = summarise(ones(1, 30), "group", "v")
    table = by_group(made.table)
    assert made.kind == "mean"
    assert table.loc["a", "hidden"]
    assert np.isnan(table.loc["a", "mean"])
    assert "the mean is a share of units" in made.notes[-1]
    assert by_group(summarise(ones(15, 30), "group", "v").table).loc["a", "mean"] == pytest.approx(0.5)


@pytest.mark.parametrize("scale", [1, 100])
def test_a_mean_of_rates_with_their_units_obeys_the_rule_of_the_share(scale):
    # 24 of 25 in the small group: one without, whom the exact mean would show
    counts = np.array([24, 60, 55, 70, 40])
    units = np.array([25, 120, 100, 150, 90])
    frame = pd.DataFrame({"group": list("abbbb"), "pupils": units, "rate": np.round(scale * counts / units, 4)})
    made = summarise(frame, "group", "rate", weight="pupils")
    table = by_group(made.table)
    assert table.loc["a", "hidden"]
    # a variable that is no share is left alone
    wages = summarise(frame.assign(rate=[31.7, 28.9, 44.1, 39.3, 27.2]), "group", "rate", weight="pupils")
    assert not by_group(wages.table)["hidden"].any()


def test_rates_in_whole_per_cent_obey_the_rule_of_the_share():
    frame = pd.DataFrame({"group": list("abbc"), "pupils": [25, 200, 300, 250], "rate": [96, 80, 70, 60]})
    table = by_group(summarise(frame, "group", "rate", weight="pupils").table)
    assert table.loc["a", "hidden"]  # 24 of 25
    assert np.isnan(table.loc["a", "mean"])
    # 41 per cent of 25 is no whole number: points, not a share
    points = summarise(frame.assign(pupils=[25, 26, 27, 28], rate=[3, 41, 57, 93]), "group", "rate", weight="pupils")
    assert not by_group(points.table)["hidden"].any()


@pytest.mark.parametrize("scale", [1, 100])
def test_a_quantile_of_rates_with_their_units_is_that_of_no_area(scale):
    units = np.arange(40, 53)
    counts = np.array([9, 2, 11, 4, 16, 1, 15, 1, 20, 4, 10, 2, 9])
    rates = scale * counts / units
    frame = pd.DataFrame({"group": ["a"] * 13, "pupils": units, "rate": rates})
    exact = by_group(summarise(frame, "group", "rate", weight="pupils", protected=False).table).loc["a", "median"]
    assert exact == pytest.approx(scale * 9 / 52)  # the only area with 52
    # at 10 to 30 per cent lie four of them, 9/40, 11/42, 10/50 and 9/52: too few at any step
    assert np.isnan(by_group(summarise(frame, "group", "rate", weight="pupils").table).loc["a", "median"])
    # with three areas more at 8, 9 and 10 of 53 they are seven: rounded, the median is that of none
    frame = pd.DataFrame({"group": ["a"] * 16, "pupils": [*units, 53, 53, 53],
                          "rate": [*rates, *(scale * np.array([8, 9, 10]) / 53)]})  # fmt: skip
    shown = by_group(summarise(frame, "group", "rate", weight="pupils").table).loc["a", "median"]
    assert shown == pytest.approx(scale * 0.2)
    assert (np.abs(frame["rate"] - shown) <= scale * 0.1 + 1e-9).sum() >= 6


def test_a_quantile_of_shares_is_that_of_no_area():
    draw = np.random.default_rng(8)
    units = draw.integers(30, 300, 60)
    frame = pd.DataFrame({"group": ["a"] * 30 + ["b"] * 30, "code": np.arange(60).astype(str), "of": units,
                          "n": draw.binomial(units, draw.uniform(0.2, 0.6, 60))})  # fmt: skip
    made = summarise(frame, "group", "n", of="of", area="code")
    exact = summarise(frame, "group", "n", of="of", area="code", protected=False)
    shares = 100 * frame["n"] / frame["of"]
    assert by_group(made.table)[["q25", "median", "q75"]].notna().all(axis=None)
    assert all(np.isclose(value, shares, atol=1e-9).any() for value in by_group(exact.table)["median"])
    for group, rows in frame.groupby("group"):
        median = by_group(made.table).loc[group, "median"]
        assert median == pytest.approx(by_group(exact.table).loc[group, "median"], abs=5)
        step = next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
                    if (np.abs(shares[rows.index] - round(median / step) * step) <= step / 2).sum() >= 6)  # fmt: skip
        assert (np.abs(shares[rows.index] - median) <= step / 2 + 1e-9).sum() >= 6


def test_numbers_of_rows_without_a_value_are_figures_too():
    frame = pd.DataFrame({"group": list("abc") * 40, "v": np.arange(120.0)})
    frame.loc[[0, 3], "v"] = np.nan  # two of a
    frame.loc[frame.index[1::3][:20], "v"] = np.nan  # twenty of b
    table = by_group(summarise(frame, "group", "v").table)
    assert pd.isna(table.loc["a", "missing"])
    assert table["missing"].notna().sum() <= 2  # 22 - 20 would be the two
    known = table["missing"].fillna(-1)
    assert not (known["total"] == 22 and known["b"] == 20)
