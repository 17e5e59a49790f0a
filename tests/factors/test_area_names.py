"""Names of areas from a file: columns found by content, other editions refused, `verify` asks for the file."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from regso_cluster.areas.editions import code_set
from regso_cluster.cli import main
from regso_cluster.errors import InputError
from regso_cluster.factors.area_names import read_names
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import load_method
from regso_cluster.release.model import read_release
from regso_cluster.years.compare import compare
from tests.tables import METHOD, rows, write

CODES = ["0114R001", "0114R002", "0115R001", "0115R002"]
KEY = pd.DataFrame(
    {
        "Kommun": ["0114"] * 3 + ["0115"] * 3,
        "Kommunnamn": ["Upplands Väsby"] * 3 + ["Vallentuna"] * 3,
        "DeSO_2018": ["0114A0010", "0114C1010", "0114C1020", "0115A0010", "0115C1010", "0115C1020"],
        "RegSO_2020": ["Alfa", "Alfa", "Beta", "Gamma", "Delta", "Delta"],
        "RegSOkod_2020": ["0114R001", "0114R001", "0114R002", "0115R001", "0115R002", "0115R002"],
    }
)
NAMES = dict(zip(CODES, ["Alfa", "Beta", "Gamma", "Delta"], strict=True))


def of(frame, tmp_path, name="names.csv"):
    return read_names(write(frame, tmp_path / name))


def refused(frame, tmp_path):
    with pytest.raises(InputError) as error:
        of(frame, tmp_path)
    return error.value.faults


def test_a_key_of_parts_names_each_area_once(tmp_path):
    """Neither the kommun's name, which its areas share, nor the codes of parts are names of areas."""
    names, edition = of(KEY, tmp_path)
    assert names.to_dict() == NAMES
    assert edition is None  # no code that only one edition has


@pytest.mark.parametrize("heading", ["regsonamn", "Namn", "name", "vad som helst"])
def test_the_heading_does_not_matter_where_one_column_can_be_names(tmp_path, heading):
    frame = pd.DataFrame({"kod": CODES, heading: NAMES.values(), "version": "2025_v2", "yta": ["1,5", "2", "3", "4"]})
    assert of(frame, tmp_path)[0].to_dict() == NAMES


def test_of_two_columns_the_one_headed_as_a_name_is_taken(tmp_path):
    frame = pd.DataFrame({"kod": CODES, "kommentar": ["stor", "liten", "ny", "delad"], "regsonamn": NAMES.values()})
    assert of(frame, tmp_path)[0].to_dict() == NAMES
    (fault,) = refused(frame.rename(columns={"regsonamn": "text"}), tmp_path)
    assert (fault.what, fault.got) == ("several columns of names", "'kommentar', 'text'")


def test_what_is_wrong_is_refused_with_its_place(tmp_path):
    (fault,) = refused(pd.DataFrame({"kod": CODES, "n": [1, 2, 3, 4]}), tmp_path)
    assert fault.what == "no column of names"
    (fault,) = refused(pd.DataFrame({"namn": NAMES.values(), "n": [1, 2, 3, 4]}), tmp_path)
    assert fault.what == "no column of RegSO codes"
    many = pd.DataFrame(
        {"kod": list(code_set(2020))[:30], "namn": [f"Område {'abcdefghij'[n % 10]}{n}" for n in range(30)]}
    )
    twice = pd.concat([many, many.head(1).assign(namn="Annat")])
    (fault,) = refused(twice, tmp_path)
    assert fault.what == "an area with two names"
    assert fault.got == "'Område a0', 'Annat'"
    slip = many.assign(kod=many["kod"].where(many.index != 3, "9999R999"))
    (fault,) = refused(slip, tmp_path)
    assert (fault.what, fault.where) == ("a name without a RegSO code", "names.csv, row 5")


def without_names(tmp_path, edition):
    method = METHOD.replace('name = "name"\n', "")
    (tmp_path / "m.toml").write_text(method, "utf-8")
    frame = rows().drop(columns="name", errors="ignore")
    table = write(frame, tmp_path / "t-2022.csv")
    return table, load_method(tmp_path / "m.toml"), edition


def whole(edition, tmp_path):
    frame = pd.DataFrame({"regsokod": code_set(edition)})
    frame["regsonamn"] = "Namn " + frame["regsokod"]
    return write(frame, tmp_path / f"names-{edition}.csv")


def test_names_reach_the_areas_and_the_note_says_how_many(tmp_path):
    table, method, _ = without_names(tmp_path, 2020)
    bare = read_factors(table, method, edition=2020, year=2022)
    assert bare.areas["name"].isna().all()
    named = read_factors(table, method, edition=2020, year=2022, names=whole(2020, tmp_path))
    assert (named.areas["name"] == "Namn " + named.areas.index.to_series()).all()
    assert "names of 3363 areas taken from names-2020.csv" in named.notes
    assert not [note for note in named.notes if "without a name" in note]
    for note in named.notes:
        assert note.text("sv") != note


def test_names_of_another_edition_are_refused_where_they_are_all_there_is(tmp_path):
    table, method, _ = without_names(tmp_path, 2020)
    with pytest.raises(InputError, match="names of another edition") as error:
        read_factors(table, method, edition=2020, year=2022, names=whole(2025, tmp_path))
    assert (error.value.faults[0].expected, error.value.faults[0].got) == ("2020", "2025")
    kept = read_factors(table, method, edition=2025, year=2024, names=whole(2020, tmp_path))
    assert not kept.areas["name"].str.startswith("Namn 0").any()
    (said,) = [note for note in kept.notes if "names-2020.csv" in note]
    assert said == "names of names-2020.csv are of edition 2020: not used, the table is of edition 2025"
    assert (
        said.text("sv") == "namnen i names-2020.csv gäller upplaga 2020: de används inte, tabellen gäller upplaga 2025"
    )


def test_a_series_has_the_names_in_every_release_and_verify_asks_for_them(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "m.toml").write_text(METHOD.replace('name = "name"\n', ""), "utf-8")
    for year, voted in ((2021, "90"), (2022, "65")):
        frame = rows().drop(columns="name", errors="ignore")
        frame.loc[0, "voted_pct"] = voted
        write(frame, tmp_path / "tables" / f"t-{year}.csv")
    names = whole(2020, tmp_path)

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(part) for part in arguments])
        assert result.exit_code == code, result.output
        return result

    series = ("classify", tmp_path / "tables", "--all-years", "--method", tmp_path / "m.toml", "--edition", 2020,
              "--out", tmp_path / "r")  # fmt: skip
    assert "names of 3363 areas taken from" in run(
        "check", tmp_path / "tables/t-2021.csv", "--method", tmp_path / "m.toml", "--edition", 2020, "--names", names
    ).output.replace("\n", " ")
    run(*series, "--names", names)
    old, new = read_release(tmp_path / "r/2021"), read_release(tmp_path / "r/2022")
    assert new.areas["name"].eq("Namn " + new.areas.index.to_series()).all()
    inputs = new.manifest["inputs"]
    assert [(one["name"], one.get("as")) for one in inputs] == [
        ("t-2022.csv", None),
        ("names-2020.csv", "names of the areas"),
    ]
    moves = compare(old, new).moves
    assert moves["name"].str.startswith("Namn ").all()
    assert run(*series, "--names", names).stdout.count("kept") == 2
    verify = ("verify", tmp_path / "r/2022", "--recompute", tmp_path / "tables/t-2022.csv")
    assert "as --names: names-2020.csv" in run(*verify, code=1).stderr
    assert "it follows from its input" in run(*verify, "--names", names).stdout
    other = tmp_path / "other.csv"
    other.write_text(names.read_text("utf-8") + "\n", "utf-8")
    assert "another file of names" in run(*verify, "--names", other, code=1).stderr


def test_a_key_from_deso_brings_its_names(tmp_path):
    counted = METHOD.replace('value = "voted_pct"', 'numerator = "voted_n"\ndenominator = "voted_d"')
    (tmp_path / "m.toml").write_text(counted.replace('name = "name"\n', ""), "utf-8")
    frame = rows().drop(columns=["voted_pct", "name"], errors="ignore").head(6)
    frame = frame.assign(regso=KEY["DeSO_2018"].to_numpy(), voted_n=list("456789"), voted_d="10")
    key = write(KEY, tmp_path / "key.csv")
    table = read_factors(write(frame, tmp_path / "deso.csv"), load_method(tmp_path / "m.toml"), edition=2020,
                         year=2022, deso_key=key)  # fmt: skip
    assert table.areas["name"].dropna().to_dict() == NAMES
    assert "names of 4 areas taken from key.csv" in table.notes
    assert table.names == ()  # the manifest names the key once


def test_the_real_key_names_the_real_areas(shared):
    names, edition = read_names(shared / "data/keys/koppling-deso2018-regso2020.csv")
    assert edition == 2020
    assert tuple(sorted(names.index)) == code_set(2020)
    assert names["0114R001"] == "Bollstanäs"
    of_2025, edition = read_names(shared / "data/keys/regso_2025.csv")
    assert (len(of_2025), edition) == (3363, 2025)
