"""Every kommun by its official name; what can mean two is refused."""

from __future__ import annotations

import unicodedata

import pytest

from regso_cluster.areas.codes import parse_codes
from regso_cluster.areas.editions import kommun_names
from regso_cluster.areas.names import kommun_of_name, lan_of_name

# kommuner that call themselves a city: their name in the genitive, unless it ends with a vowel, s or x
CITIES = {"Stockholm": "Stockholms stad", "Göteborg": "Göteborgs stad", "Malmö": "Malmö stad", "Borås": "Borås Stad",
          "Helsingborg": "Helsingborgs stad", "Landskrona": "Landskrona stad", "Lidingö": "Lidingö stad",
          "Mölndal": "Mölndals stad", "Solna": "Solna stad", "Sundbyberg": "Sundbybergs stad",
          "Vaxholm": "Vaxholms stad",
          "Västerås": "Västerås stad", "Trollhättan": "Trollhättans Stad", "Haparanda": "Haparanda stad"}  # fmt: skip
EXCEPTIONS = {"Falun": "Falu kommun", "Gotland": "Region Gotland"}


def official(name):
    if name in EXCEPTIONS or name in CITIES:
        return {**EXCEPTIONS, **CITIES}[name]
    return f"{name} kommun" if name[-1] in "aeiouyåäösx" else f"{name}s kommun"


def test_all_290_official_names_and_their_ways_of_being_written():
    names = kommun_names()
    assert len(names) == 290
    for code, name in names.items():
        for said in (official(name), name, f"{name} kommun", f"{name}s kommun" if name[-1] not in "sxz" else name,
                     official(name).upper(), f"  {official(name).replace(' ', chr(0xA0))} ",
                     unicodedata.normalize("NFD", official(name)), name.replace("-", " "), f"{name} kn"):  # fmt: skip
            assert kommun_of_name(said) == code, (said, code)


@pytest.mark.parametrize(
    "said",
    [
        "Region Stockholm",
        "Region Kalmar",
        "Kalmar län",
        "Uppsala län",
        "Region",
        "kommun",
        "",
        "Falu län",
        "Stockholm Nord",
    ],
)
def test_what_is_no_kommun(said):
    assert kommun_of_name(said) is None


def test_names_of_lan():
    assert [lan_of_name(name) for name in ("Stockholms län", "Kalmar län", "Gotlands län", "x")] == [
        "01",
        "08",
        "09",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("0114 Upplands Väsby", "kommun", "0114"), ("0114\u00a0Upplands\u00a0Väsby", "kommun", "0114"),
        ("Upplands Väsby (0114)", "kommun", "0114"), ("114 Upplands Väsby", "kommun", "0114"),
        ("1080 Karlskrona kommun", "kommun", "1080"), ("SE0114", "kommun", "0114"), ("01 Stockholms län", "lan", "01"),
        (unicodedata.normalize("NFD", "0114 Upplands Väsby"), "kommun", "0114"),
        ("0114R001 Bollstanäs", "regso", "0114R001"), ("0114R001, Bollstanäs", "regso", "0114R001"),
        ("0114R001 - Bollstanäs", "regso", "0114R001"), ("0114r001_RegSO2025 Bollstanäs", "regso", "0114R001"),
        ("Bollstanäs (0114R001)", "regso", "0114R001"), ("0114A0010 Namn", "deso", "0114A0010"),
    ],
)  # fmt: skip
def test_a_code_with_a_text_beside_it(text, kind, code):
    parsed = parse_codes([text], kind)
    assert parsed.codes.tolist() == [code]
    assert parsed.beside[["position", "code"]].to_numpy().tolist() == [[0, code]]


def test_a_suffix_after_a_space_is_an_edition():
    assert parse_codes(["0114R001 RegSO2025", "0114R002 (RegSO2025)"], "regso").editions == (2025,)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0114 Stockholm", "kommun"), ("1280 elever", "kommun"), ("0114 0115", "kommun"), ("SE125", "kommun"),
        ("0114R001 0114R002", "regso"), ("0114R001, 0114R002", "regso"), ("0114R001 och 0114R002", "regso"),
        ("0114R001-0114R005", "regso"), ("0114R001 2", "regso"), ("0114R0011", "regso"), ("0114R001x", "regso"),
        ("Bollstanäs", "regso"), ("0114 Upplands Väsby", "regso"), ("9914R001 Namn", "regso"), ("0114R001_", "regso"),
        ("01 Kalmar län", "lan"), ("00 Riket", "lan"),
    ],
)  # fmt: skip
def test_what_is_no_code_stays_refused(text, kind):
    parsed = parse_codes([text], kind)
    assert parsed.codes.isna().all()
    assert len(parsed.refused) == 1
    assert parsed.beside.empty


def test_a_name_of_another_kommun_is_said():
    assert "is 0180" in parse_codes(["0114 Stockholm"], "kommun").refused["reason"].iloc[0]
