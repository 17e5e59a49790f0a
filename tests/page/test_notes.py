from __future__ import annotations

import ast
import re
import tomllib
from importlib import resources

import pytest

from regso_cluster.classification.classify import classify
from regso_cluster.factors.tables import read_factors
from regso_cluster.method import builtin_methods, load_method, parse_method
from regso_cluster.words.notes import describe_note, describe_source, in_swedish
from tests.tables import METHOD, rows, write

NOTES = tomllib.loads((resources.files("regso_cluster.words") / "notes.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("note", "swedish"),
    [
        ("column a_n: 24 suppressed cells kept as missing", "kolumn a_n: 24 celler dolda av sekretess, räknas som saknade"),
        (  # numbers as Swedish writes them
            "of the 1,180 areas in groups 1 to 2, about 2 are expected not to belong, and about 0 of the others to belong: 1,178 in all (1,176 to 1,180)",
            "av de 1\u00a0180 områdena i grupp 1 till 2 väntas ungefär 2 inte höra dit, och ungefär 0 andra höra dit: 1\u00a0178 sammanlagt (1\u00a0176 till 1\u00a0180)",
        ),
        (  # a note in a note, and several in it
            "the 6 clusters of the method do not stand: prediction strength 0.61 (0.8 wanted); least Jaccard of a group 0.48 (0.6 wanted). "
            "Of the numbers looked at: 2 groups: the largest number that stands (scatter 17 % below that of clouds, prediction strength 0.94, least Jaccard 0.97). "
            "Runner-up 6: fails: least Jaccard of a group 0.48 (0.6 wanted).",
            "metodens 6 kluster håller inte: prediktionsstyrka 0,61 (minst 0,8 krävs); lägsta Jaccard för en grupp 0,48 (minst 0,6 krävs). "
            "Av de antal som prövats: 2 grupper är det största antal som håller (spridningen är 17\u00a0% mindre än i moln utan grupper, "
            "prediktionsstyrkan 0,94, lägsta Jaccard 0,97). Närmast därefter kommer 6, som inte håller: lägsta Jaccard för en grupp 0,48 (minst 0,6 krävs).",
        ),
        (
            "counted in one group though another is more probable by all their figures: 0180R001, 1480R001 (2 in all)",
            "räknade till en grupp fast en annan är troligare med hänsyn till alla deras tal: 0180R001, 1480R001 (2 sammanlagt)",
        ),
        ("something new", None),
        ("the clusters are types: something new", None),  # half a translation is none
        ("column a_n: 24 suppressed cells kept as missing, and more", None),
    ],
)  # fmt: skip
def test_notes_in_swedish(note, swedish):
    assert in_swedish(note) == swedish
    assert describe_note(note) == {"sv": swedish, "en": note}


def test_what_stands_in_a_place_is_no_template():
    assert in_swedish("column {count}: 24 decimal commas read") == "kolumn {count}: 24 tal lästa med decimalkomma"


def test_every_note_of_a_release_has_a_swedish_form(two_years, compared):
    notes = [*compared.summary["notes"], *(note for one in two_years for note in one.manifest["notes"])]
    assert notes
    assert not [note for note in notes if in_swedish(note) is None]


def test_both_languages_fill_the_same_places():
    for one in NOTES["notes"]:
        assert set(re.findall(r"\{(\w+)\}", one["sv"])) == set(re.findall(r"\{(\w+)\}", one["en"])), one["en"]


def test_templates_say_what_the_program_says(root):
    """Each fixed part of a template stands in a text of the program: a reworded note is found out here."""
    said = set()
    for path in (root / "src" / "regso_cluster").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    whole = "\n".join(sorted(said))
    for one in NOTES["notes"]:
        parts = [part.strip(" .,:;()") for part in re.split(r"\{\w+\}", one["en"])]
        fixed = [
            piece
            for part in parts
            for piece in re.split(
                r"[.:] (?=Of|Runner)|: fails|(?<=method)(?=, frozen)|(?<=of the method) (?=stand|do not)", part
            )
            if len(piece) > 16
        ]
        for part in fixed:
            pieces = re.split(
                r"\b(?:column|factor|suppressed|missing cells|is in the|are in the|need group|index band|its limit|its cut point(?: of the index)?|; (?=PxWeb)|kommun: empirical|lan: empirical|country: empirical|type: empirical)\b",
                part,
            )
            known = part in whole or all(piece.strip(" .,:;()") in whole for piece in pieces)
            assert known, (part, one["en"])


def test_sources_of_the_built_in_methods_have_a_swedish_form():
    for name in builtin_methods():
        method = load_method(name)
        for source in [method.source, *(factor.source for factor in method.factors)]:
            assert not source or describe_source(source)["sv"], source
    assert describe_source("My own table.") == {"sv": None, "en": "My own table."}


def test_notes_of_shrunk_rates_have_swedish(tmp_path):
    """Of a release: each note that a method with `shrinkage` writes, by every parent."""
    for towards in ("country", "lan", "kommun"):
        using = parse_method(METHOD + f'[shrinkage]\ntowards = "{towards}"\n')
        table = read_factors(write(rows(), tmp_path / f"{towards}.csv"), using, edition=2025)
        assert all(in_swedish(note) for note in classify(table, using, year=2024).notes), towards
    lent = "12 problems stand on borrowed strength (crime 9, poor 3): the shrunk rate is beyond the limit, what was "
    assert in_swedish(lent + "counted in the area is not; see <factor>_borrowed and <factor>_own_weight")
    assert in_swedish("4 counted rates are beyond the limit and no problems, since the shrunk rate is not")
    assert in_swedish("3 cells outside the years of their edition emptied")
