"""The list of mutants fits the code, and the script that tries them tells killed, surviving and lost ones apart."""

from __future__ import annotations

import re

import pytest

from tests.mutate import BROKEN, KILLED, LOST, SURVIVED, Mutant, main, read_mutants, try_mutant

CODE = "def worse(value, limit):\n    return value >= limit\n"
NOTICES = """import pytest
from code_of_the_tree import worse

def test_on_the_limit():
    assert worse(2, 2)

def test_far():
    assert worse(3, 2)

@pytest.fixture
def on_the_limit():
    assert worse(2, 2)

def test_that_needs_the_limit(on_the_limit):
    assert worse(3, 2)
"""


@pytest.fixture
def tree(tmp_path):
    for folder in ("src", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "src" / "code_of_the_tree.py").write_text(CODE, "utf-8")
    (tmp_path / "tests" / "test_code.py").write_text(NOTICES, "utf-8")
    return tmp_path


def mutant(before=">=", after=">", tests="tests/test_code.py"):
    return Mutant("one", "src/code_of_the_tree.py", before, after, (tests,), "a value on its limit is no problem")


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (mutant(), KILLED),
        (mutant(tests="tests/test_code.py::test_far"), SURVIVED),
        (mutant(before="<="), LOST),
        (mutant(before="limit"), LOST),  # twice in the file
        (mutant(after=">="), LOST),
        (mutant(after="> >"), BROKEN),  # no Python
        (mutant(tests="tests/test_code.py::test_nothing"), BROKEN),
        (mutant(tests="tests/test_code.py::test_that_needs_the_limit"), BROKEN),  # the fixture fails, not the test
    ],
)
def test_a_mutant_is_killed_survives_or_is_lost(tree, change, verdict):
    assert try_mutant(change, tree)[0] == verdict
    assert (tree / "src" / "code_of_the_tree.py").read_text("utf-8") == CODE


def test_a_survivor_makes_the_run_fail_and_the_tree_stays_as_it_is(tree, capsys):
    rows = [
        f'[[mutant]]\nname = "{name}"\nfile = "src/code_of_the_tree.py"\nbefore = ">="\nafter = ">"\n'
        f'tests = ["tests/test_code.py::{test}"]\nwhy = "a value on its limit"\n'
        for name, test in (("noticed", "test_on_the_limit"), ("overlooked", "test_far"))
    ]
    listed = tree / "tests" / "mutants.toml"
    listed.write_text("".join(rows), "utf-8")
    call = ["--list", str(listed), "--root", str(tree), "--jobs", "1"]
    assert main(["noticed", *call]) == 0
    assert "1 mutants, 1 killed, 0 not" in capsys.readouterr().out
    assert main(call) == 1
    assert "not killed: overlooked (src/code_of_the_tree.py): a value on its limit" in capsys.readouterr().out
    assert (tree / "src" / "code_of_the_tree.py").read_text("utf-8") == CODE
    listed.write_text(rows[0].replace('">"', '"<"'), "utf-8")
    (tree / "tests" / "test_code.py").write_text(NOTICES.replace("(2, 2)", "(1, 2)"), "utf-8")
    assert main(call) == 1
    assert "The tests fail without any mutant." in capsys.readouterr().out


def test_every_mutant_of_the_list_fits_the_code(root):
    mutants = read_mutants(root / "tests" / "mutants.toml")
    assert len({one.name for one in mutants}) == len(mutants) >= 29
    for one in mutants:
        text = (root / one.file).read_text("utf-8")
        assert one.applied_to(text) is not None, f"{one.name}: {one.file} was rewritten, let the mutant follow it"
        for test in one.tests:
            file, _, name = test.partition("::")
            assert (root / file).exists(), test
            assert not name or re.search(rf"^def {name}\b", (root / file).read_text("utf-8"), re.MULTILINE), test
