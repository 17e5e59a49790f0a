"""Columns are named by the constants of the schema, not by literals."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from regso_cluster.schema import SCHEMA

NAMES = {column.name for column in SCHEMA.columns if not column.repeats}
# Words that are also keys of manifests, kinds of an area, levels or options: they count where they index something.
ORDINARY = {name for name in NAMES if "_" not in name} - {"composite_group", "cluster", "band"}
MOST = 150  # of those, keys of manifests and of JSON among them


@pytest.fixture(scope="module")
def literals(root):
    """Every literal that is the name of a column, outside the schema and the words: (name, whether it indexes)."""
    found = []
    for path in sorted((root / "src/regso_cluster").rglob("*.py")):
        if {"schema", "words"} & set(path.parts):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        named = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and str(node.value) in NAMES]
        found += [(node.value, _indexes(node, above), f"{path.name}:{node.lineno}") for node in named]
    return found


def _indexes(node, above):
    while isinstance(above[node], (ast.List, ast.Tuple)):
        node = above[node]
    return isinstance(above[node], ast.Subscript) and above[node].slice is node


def test_no_name_that_only_a_column_has_is_a_literal(literals):
    assert [(name, where) for name, _, where in literals if name not in ORDINARY] == []


def test_ordinary_words_seldom_index(literals):
    indexing = Counter(name for name, indexes, _ in literals if name in ORDINARY and indexes)
    assert indexing.total() <= MOST, indexing
