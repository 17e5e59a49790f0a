"""Write docs/commands.md from the help of every command: `make docs`; a test compares the two."""

from __future__ import annotations

from pathlib import Path

import click

from regso_cluster.cli import main
from regso_cluster.commands import COMMANDS, load_command


def describe() -> str:
    """Give the reference of all commands as Markdown."""
    parts = [
        "# Commands",
        "",
        "Written by `make docs` from the help of each command; exit codes: 0 done, 1 input refused, 2 usage, 3 verification failed.",
        "",
    ]
    parts += [f"- [`{name}`](#{name}): {COMMANDS[name].says}" for name in sorted(COMMANDS)]
    for name in sorted(COMMANDS):
        parts += _command(name, load_command(name), 2)
    return "\n".join(parts) + "\n"


def _command(name: str, command: click.Command, depth: int) -> list[str]:
    said = [one.strip() for one in (command.help or "").split("\n\n")]
    parts = ["", f"{'#' * depth} {name}", ""]
    for paragraph in said:
        text = " ".join(paragraph.replace("\b", "").split())
        if text.startswith("Example: "):
            parts += ["```", text.removeprefix("Example: "), "```", ""]
        elif text:
            parts += [text, ""]
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            parts += _command(f"{name} {inner}", command.commands[inner], depth + 1)
        return parts
    given = [one for one in command.params if isinstance(one, click.Option) and one.help]
    if given:
        parts += ["| option | what |", "|---|---|", *map(_option, given)]
    return parts


def _option(option: click.Option) -> str:
    context = click.Context(main)
    names, said = option.get_help_record(context) or ("", "")
    return f"| `{names.replace('|', chr(92) + '|')}` | {' '.join(said.split()).replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    (Path(__file__).parent / "commands.md").write_text(describe(), "utf-8", newline="\n")
