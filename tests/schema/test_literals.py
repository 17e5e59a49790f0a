"""Columns are named by the constants and functions of the schema, not by literals.

A literal counts, outside the schema and the words of the user's languages, where

- it is a name with "_", which only a column has;
- it is an ordinary word ("name", "cluster", "areas", ...) that indexes something or is an argument of a method of
  tables, `METHODS`;
- it is an ordinary word in a list beside a constant of the schema;
- it is the end of a name made from a key: `f"{key}_value"`.

Ordinary words elsewhere are kinds of an area, levels, options and keys of JSON. The second kind also counts keys of
manifests, `manifest["synthetic"]`, which no syntax tells from columns: its bound says how many there are.
"""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from regso_cluster.schema import RELEASE, SCHEMA

NAMES = {column.name for column in SCHEMA.columns if not column.repeats and column.table in RELEASE}
ENDS = {f"_{column.name}" for column in SCHEMA.columns if column.repeats}
ORDINARY = {name for name in NAMES if "_" not in name}
METHODS = {"sort_values", "groupby", "drop_duplicates", "set_index", "merge", "dissolve", "pivot"}
MOST = 100


def _kinds(source):
    """Find the literals that count: (kind, name, line)."""
    tree = ast.parse(source)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if node.value in ENDS and isinstance(above[node], ast.JoinedStr):
            yield "end", node.value, node.lineno
        elif node.value in NAMES - ORDINARY:
            yield "distinct", node.value, node.lineno
        elif node.value in ORDINARY and _beside_a_constant(above[node]):
            yield "beside", node.value, node.lineno
        elif node.value in ORDINARY and _names_a_column(node, above):
            yield "ordinary", node.value, node.lineno


def _names_a_column(node, above):
    while isinstance(above[node], (ast.List, ast.Tuple)):
        node = above[node]
    user = above[node]
    if isinstance(user, ast.Subscript):
        return user.slice is node and ast.unparse(user.value) != "Literal"
    if isinstance(user, ast.keyword):
        user = above[user]
    return isinstance(user, ast.Call) and isinstance(user.func, ast.Attribute) and user.func.attr in METHODS


def _beside_a_constant(node):
    if not isinstance(node, (ast.List, ast.Tuple)):
        return False
    return any(
        isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "c" for one in node.elts
    )


@pytest.fixture(scope="module")
def literals(root):
    return [
        (*found, path.name)
        for path in sorted((root / "src/regso_cluster").rglob("*.py"))
        # an intruder reads what was published by the names in the files, and shares nothing with who wrote them
        if not {"schema", "words", "intruder"} & set(path.parts)
        for found in _kinds(path.read_text("utf-8"))
    ]


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ('areas["how_sure"]', ["distinct"]),
        ('areas["cluster"]', ["ordinary"]),
        ('areas["name"]', ["ordinary"]),
        ('areas[["name", "other"]]', ["ordinary"]),
        ('table.groupby("kommun")', ["ordinary"]),
        ('table.merge(other, on=["grouping", "group"])', ["ordinary", "ordinary"]),
        ('kept = ["name", c.KOMMUN]', ["beside"]),
        ('areas[f"{key}_value"]', ["end"]),
        ('areas[c.NAME]; kind = "regso"; part = "cluster"; given = {"name": 1}; Areas = Literal["regso", "lan"]', []),
    ],
)
def test_the_rule_finds_columns_and_leaves_words(source, kinds):
    assert [kind for kind, _, _ in _kinds(source)] == kinds


def test_no_name_that_only_a_column_has_is_a_literal(literals):
    assert [found for found in literals if found[0] == "distinct"] == []


def test_ordinary_words_seldom_name_columns(literals):
    found = Counter(name for kind, name, *_ in literals if kind in ("ordinary", "beside"))
    assert found.total() <= MOST, [one for one in literals if one[0] != "end"]


def test_names_made_from_a_key_are_made_by_the_schema(literals):
    assert [found for found in literals if found[0] == "end"] == []
