"""The commands, a file for each kind of work, and one row a command; `regso_cluster.cli` gathers the rows.

A command is a function of its own name, of a few lines, that calls the library. Its file is imported when the command
is asked for, and heavy modules inside the function, so that `--help` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import click


class CommandRow(NamedTuple):
    """The file of this folder that holds a command, and what the list of commands says of it."""

    file: str
    says: str


COMMANDS = {
    "example": CommandRow("tables", "Write a synthetic country."),
    "fetch": CommandRow("fetch", "Fetch tables and shapes from SCB."),
    "check": CommandRow("tables", "Check a table: every fault at once."),
    "count": CommandRow("registers", "Count a register of persons by area and factor."),
    "classify": CommandRow("classify", "Classify a table and write a release."),
    "freeze": CommandRow("years", "Make the limits of a release absolute."),
    "compare": CommandRow("years", "Who moved between two releases, and why."),
    "stability": CommandRow("certainty", "Are there groups at all, and how many stand?"),
    "sensitivity": CommandRow("certainty", "How far groups depend on the choices of the method."),
    "verify": CommandRow("releases", "Recompute the hashes of a release."),
    "export": CommandRow("releases", "Write a release to a workbook, text, map, PC-Axis, JSON-stat or PostGIS."),
    "join": CommandRow("agencies", "Join the groups of a release to your own table."),
    "summarise": CommandRow("summaries", "Your own figures per group, protected."),
    "protect": CommandRow("summaries", "Hide in a table what tells of a person."),
    "publish": CommandRow("publish", "Make releases publishable: no small count can be read or worked out."),
    "page": CommandRow("page", "Make one HTML file of releases: map, cards, table, years."),
    "figure": CommandRow("figure", "Draw a map, a profile or a flow chart as SVG or PNG."),
    "methods": CommandRow("about", "List the built-in methods, or print one."),
    "bench": CommandRow("about", "Measure the kernels on this machine, in under two minutes."),
}


def load_command(name: str) -> click.Command:
    """Import a command of the list.

    Raises
    ------
    KeyError  no such command
    """
    row = COMMANDS[name]
    command: click.Command = getattr(import_module(f"{__name__}.{row.file}"), name)
    command.short_help = row.says
    return command
