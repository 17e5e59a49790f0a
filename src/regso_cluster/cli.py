"""The command line: the commands gathered, and every failure as one message and an exit code.

Exit codes: 0 done, 1 input refused or failed, 2 usage, 3 verification failed. Data go to stdout, progress to stderr
and only to a terminal.
"""

from __future__ import annotations

import errno
import io
import signal
import sys
from typing import Any

import click

from regso_cluster import __version__
from regso_cluster.commands.about import bench, methods
from regso_cluster.commands.agencies import join
from regso_cluster.commands.certainty import sensitivity, stability
from regso_cluster.commands.classify import classify
from regso_cluster.commands.fetch import fetch
from regso_cluster.commands.figure import figure
from regso_cluster.commands.page import page
from regso_cluster.commands.registers import count
from regso_cluster.commands.releases import export, verify
from regso_cluster.commands.summaries import protect, summarise
from regso_cluster.commands.tables import check, example
from regso_cluster.commands.years import compare, freeze
from regso_cluster.errors import InputError


class _Group(click.Group):
    """Turns every failure into one message and an exit code; `--debug` shows the traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"Error: {_message(error)}", err=True)
            ctx.exit(1)


def _message(error: BaseException) -> str:
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; nothing half-written was left"
    if isinstance(error, MemoryError):
        return f"out of memory{f' ({error})' if str(error) else ''}; nothing half-written was left"
    if isinstance(error, OSError):
        said = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return f"{said}. Make room and run it again: nothing half-written was left" if full else said
    return f"{type(error).__name__}: {error}. This is a fault of the program; --debug before the command shows where."


def _terminated(*_: object) -> None:
    raise KeyboardInterrupt


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="regso-cluster")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def main(debug: bool) -> None:  # noqa: ARG001
    """Classify Sweden's RegSO areas: where many problems meet, what kind of needs, how it changes."""
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal cannot show must not fail a finished run
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _terminated)  # so that a stopped run clears away what it began


for command in (
    example,
    fetch,
    check,
    count,
    classify,
    freeze,
    compare,
    stability,
    sensitivity,
    verify,
    export,
    join,
    summarise,
    protect,
    page,
    figure,
    methods,
    bench,
):
    main.add_command(command)
