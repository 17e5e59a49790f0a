"""The command line: the commands gathered, and every failure as one message and an exit code.

Exit codes: 0 done, 1 input refused or failed, 2 usage, 3 verification failed. Data go to stdout, progress to stderr
and only to a terminal.
"""

from __future__ import annotations

import errno
import signal
from typing import Any

import click

from regso_cluster._package import __version__
from regso_cluster.commands import COMMANDS, load_command
from regso_cluster.commands.streams import guard_streams
from regso_cluster.errors import InputError

_ROOM = "Make room and run it again: nothing half-written was left"


class _Group(click.Group):
    """Turns every failure into one message and an exit code; `--debug` shows the traceback.

    The commands are the rows of `COMMANDS`, each imported when it is asked for.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (the interface's)
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].says) for name in self.list_commands(ctx)])

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
        return error.on_command_line()
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; nothing half-written was left"
    if isinstance(error, MemoryError):
        return f"out of memory{f' ({error})' if str(error) else ''}; nothing half-written was left"
    if isinstance(error, OSError):
        said = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        return f"{said}. {_ROOM}" if _is_full(error) else said
    if _is_full(error):
        return f"the disk is full. {_ROOM}"
    return f"{type(error).__name__}: {error}. This is a fault of the program; --debug before the command shows where."


def _is_full(error: BaseException | None) -> bool:
    """Whether a disk without room is behind an error: libraries that write files say so each in its own words."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return True
        if any(words in str(error) for words in ("disk is full", "No space left on device", "File too large")):
            return True
        error = error.__cause__ or error.__context__
    return False


def _terminated(*_: object) -> None:
    raise KeyboardInterrupt


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="regso-cluster")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def main(debug: bool) -> None:
    """Classify Sweden's RegSO areas: where many problems meet, what kind of needs, how it changes."""
    guard_streams(debug=debug)
    signal.signal(signal.SIGTERM, _terminated)  # so that a stopped run clears away what it began
