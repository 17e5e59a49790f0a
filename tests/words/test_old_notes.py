from __future__ import annotations

import re
import tomllib
from importlib import resources

import pytest

from regso_cluster.method import Text, builtin_methods, load_method
from regso_cluster.words.notes import Note
from regso_cluster.words.old_notes import describe_source, in_swedish

NOTES = tomllib.loads((resources.files("regso_cluster.words") / "old_notes.toml").read_text("utf-8"))


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
        ("sheet '2024' was read, of 2: the one named by the year", "bladet '2024' lästes, av 2: det som heter som året"),
        (
            "column a: 3 cells '–' kept as missing; PxWeb writes it for zero: if so here, give --zero=–",
            "kolumn a: 3 celler med '–' räknas som saknade; PxWeb skriver det för noll: ange i så fall --zero=–",
        ),
        (
            "of the 12 areas in groups 1 to 2 none was assessed: all hang on figures taken as exact",
            "av de 12 områdena i grupp 1 till 2 har inget bedömts: alla hänger på värden som räknas som exakta",
        ),
        ("something new", None),
        ("the clusters are types: something new", None),  # half a translation is none
        ("column a_n: 24 suppressed cells kept as missing, and more", None),
    ],
)  # fmt: skip
def test_notes_in_swedish(note, swedish):
    assert in_swedish(note) == swedish
    assert Note.old(note).both() == {"sv": swedish, "en": note}


def test_what_stands_in_a_place_is_no_template():
    assert in_swedish("column {count}: 24 decimal commas read") == "kolumn {count}: 24 tal lästa med decimalkomma"


def test_both_languages_fill_the_same_places():
    for one in NOTES["notes"]:
        assert set(re.findall(r"\{(\w+)\}", one["sv"])) == set(re.findall(r"\{(\w+)\}", one["en"])), one["en"]


def test_sources_of_the_built_in_methods_have_a_swedish_form():
    for name in builtin_methods():
        method = load_method(name)
        for source in [method.source, *(factor.source for factor in method.factors)]:
            assert not source or (isinstance(source, Text) and source.sv), source
            # as releases of earlier versions keep it
            assert not source or describe_source(source.en)["sv"], source
    assert describe_source("My own table.") == {"sv": None, "en": "My own table."}
