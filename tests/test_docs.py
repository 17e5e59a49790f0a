"""The examples of docs/estimators.md and docs/survey.md run, and the first names all there is."""

from __future__ import annotations

import importlib
import inspect
import re
import runpy

import pytest

from regso_cluster import clustering as grouping
from regso_cluster.schema import SCHEMA
from regso_cluster.years.change import CAUSES

PACKAGES = ("regso_cluster", "regso_cluster.clustering", "regso_cluster.survey", "regso_cluster.segregation")


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "estimators.md").read_text("utf-8")


def test_examples_run_from_top_to_bottom(page, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"block {number} of estimators.md", "exec"), names)  # noqa: S102 - our own text
    assert sorted(set(names["groups"])) == list(range(6))
    assert len(names["examples"]) == 6
    for regions in ("regions", "skater", "redcap"):
        assert len(set(names[regions].labels_)) == 12
    assert names["most"].n_regions_ > 12
    assert len(capsys.readouterr().out.split()) == 4


def test_examples_of_surveys_run_from_top_to_bottom(root):
    blocks = re.findall(
        r"^```python\n(.*?)^```", (root / "docs" / "survey.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"block {number} of survey.md", "exec"), names)  # noqa: S102 - our own text
    assert names["plan"].used.max() <= 1 + 1e-9
    assert int((names["first"] & names["second"]).sum()) == pytest.approx(450, abs=60)
    assert names["gap"].value == pytest.approx(-0.15, abs=4 * names["gap"].error)
    assert names["change"].variance < names["change"].independent


def test_examples_of_segregation_run_from_top_to_bottom(root, capsys):
    text = (root / "docs" / "segregation.md").read_text("utf-8")
    names: dict[str, object] = {}
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL), start=1):
        exec(compile(block, f"block {number} of segregation.md", "exec"), names)  # noqa: S102 - our own text
    levels = names["levels"]
    assert levels["information"].sum() == pytest.approx(names["whole"], abs=1e-12)
    change = names["change"]
    parts = change.closed + change.opened + change.groups + change.units + change.structure
    assert parts == pytest.approx(change.difference, abs=1e-12)
    assert capsys.readouterr().out


def test_every_name_is_on_the_page_and_in_the_map(page):
    assert grouping.__all__ == dir(grouping)
    for name in grouping.__all__:
        assert callable(getattr(grouping, name))
        assert name in dir(grouping)
        assert re.search(rf"\b{name}\b", page), name
        assert re.search(rf"\b{name}\b", grouping.__doc__), name
    with pytest.raises(AttributeError, match="no attribute 'KMeanz'"):
        grouping.KMeanz  # noqa: B018


def test_the_readme_leads_there(root):
    assert "(docs/estimators.md)" in (root / "README.md").read_text("utf-8")


@pytest.mark.thorough  # other versions of click write some help in another way
def test_the_reference_of_the_commands_is_as_it_is_written(root):
    describe = runpy.run_path(str(root / "docs" / "commands.py"))["describe"]
    assert (root / "docs" / "commands.md").read_text("utf-8") == describe(), "run `make docs`"


@pytest.fixture(scope="module")
def reference(root):
    return runpy.run_path(str(root / "docs" / "reference.py"))


@pytest.mark.thorough  # other versions of Python and pandas write some types and defaults in another way
def test_the_reference_of_the_interface_is_as_it_is_written(root, reference):
    assert (root / "docs" / "reference.md").read_text("utf-8") == reference["describe"](), "run `make docs`"


def test_the_reference_has_every_public_name_once(reference):
    written = reference["describe"]()
    for package in PACKAGES:
        door = importlib.import_module(package)
        for name in dir(door):
            if callable(getattr(door, name)):
                assert len(re.findall(rf"^### {name}$", written, re.MULTILINE)) == 1, name


def missing_sections(name, what, reference):
    """What the docstring of a public function or class leaves out."""
    text, sections = reference["split"](inspect.getdoc(what) or "")
    sections = dict(sections)
    named = {one.lstrip("*") for part, _ in reference["items"]("Parameters", sections.get("Parameters", []))
             for one in part.split(", ")}  # fmt: skip
    call = inspect.signature(what)
    takes = {one for one in call.parameters if one not in ("self", "cls")}
    faults = [] if text else ["a first paragraph"]
    faults += [f"parameter {one}" for one in sorted(takes - named)]
    faults += [f"Parameters name {one}, which it does not take" for one in sorted(named - takes - {""})]
    gives = not inspect.isclass(what) and call.return_annotation not in (call.empty, None, "None")
    if gives and not {"Returns", "Yields"} & set(sections):
        faults.append("Returns")
    # what it raises itself is seen; what it passes on is known to the author alone
    own = not inspect.isclass(what) and re.search(r"^\s+raise \w", inspect.getsource(what), re.MULTILINE)
    if own and "Raises" not in sections:
        faults.append("Raises")
    faults += [] if "Examples" in sections else ["Examples"]
    return [f"{name}: {fault}" for fault in faults]


def test_docstrings_of_public_names_have_their_sections(reference):
    faults = []
    for package in PACKAGES:
        door = importlib.import_module(package)
        for name in dir(door):
            if callable(getattr(door, name)):
                faults += missing_sections(name, getattr(door, name), reference)
    assert not faults


def test_missing_sections_are_found(reference):
    def bare(number: int, *, other: str = "") -> int:
        """Give a number.

        Parameters
        ----------
        number : any
        nobody : is not taken
        """
        if other:
            raise ValueError(other)
        return number

    assert missing_sections("bare", bare, reference) == [
        "bare: parameter other", "bare: Parameters name nobody, which it does not take", "bare: Returns",
        "bare: Raises", "bare: Examples",
    ]  # fmt: skip


def test_links_of_the_docs_lead_somewhere(root):
    for file in [*sorted(root.glob("*.md")), *sorted((root / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read_text("utf-8")):
            assert "://" in target or (file.parent / target).exists(), f"{file.name}: {target}"


def test_scripts_with_the_earlier_name_of_the_estimators_go_on_running():
    earlier = importlib.import_module("regso_cluster.grouping")
    with pytest.warns(DeprecationWarning, match="import KMeans from there"):
        assert earlier.KMeans is grouping.KMeans
    with pytest.raises(AttributeError, match="KMeanz"):
        earlier.KMeanz  # noqa: B018


def test_the_glossary_has_the_words_that_a_release_writes_as_data(root):
    """Fates, causes, how sure, groupings: whoever meets one in a table finds it explained."""
    page = (root / "docs" / "glossary.md").read_text("utf-8")
    coded = set(re.findall(r"`(\w+)`", page))
    fates = re.findall(r"[a-z]+", SCHEMA.of_table("lineage")["fate"].meaning.en.replace(" or ", ", "))
    assert {*fates, *CAUSES, "core", "edge", "undecided", "not_assessed"} <= coded
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ") and "svenska" not in line]
    assert len(rows) > 40
    assert all(len(row) == 3 and all(cell.strip() for cell in row) for row in rows)
    for one in SCHEMA.groupings.values():
        assert any(one.inline.en in row[0] for row in rows), one.name
    assert "(docs/glossary.md)" in (root / "README.md").read_text("utf-8")
