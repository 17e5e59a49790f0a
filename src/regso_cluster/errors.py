"""The one error type: what is wrong, where, what was expected, what was got, how to mend it; many at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

SHOWN = 20  # faults printed in full; the rest are counted, and of a table `check --json` lists them all
# what moves the cursor, hides or reorders text: C0, DEL and C1 without tab and line feed; marks of direction
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


# an option of the command line; commands that are named in full stay as they are
_OPTION = re.compile(r"regso-cluster [^.;`]*|--(?P<name>[a-z]+(?:-[a-z]+)*)")
_ARGUMENTS = {"as": "kind", "old-shapes": "outlines.old", "new-shapes": "outlines.new"}  # named otherwise in Python


def visible(text: str) -> str:
    r"""Write control characters as \u001b and the like, so that no file or service writes on a terminal as it likes.

    Within JSON the result is the same text.
    """
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def name_arguments(text: str) -> str:
    """Write the options of the command line in a text as the arguments of Python: --deso-key is deso_key."""
    return _OPTION.sub(
        lambda found: _ARGUMENTS.get(found["name"], found["name"].replace("-", "_")) if found["name"] else found[0],
        text,
    )


@dataclass(frozen=True)
class Fault:
    """One fault of an input.

    Parameters
    ----------
    what : the fault in a few words, e.g. "numerator above denominator"
    where : file, row, column, code, as far as known
    expected, got : what the rule asks for and what stands there; empty where they would say nothing
    hint : how to mend it

    Texts name options as the command line has them (`--deso-key`); as text in Python they are arguments (`deso_key`).

    Examples
    --------
    >>> print(Fault("a negative count", "row 3", "0 or more", "-1", "Correct the cell."))
    row 3: a negative count (expected 0 or more, got -1). Correct the cell.
    """

    what: str
    where: str = ""
    expected: str = ""
    got: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return self._text(name_arguments)

    def on_command_line(self) -> str:
        """Write the fault as the command line prints it."""
        return self._text(str)

    def _text(self, named: Callable[[str], str]) -> str:
        where = named(self.where) if self.where.startswith("--") else self.where
        text = f"{where}: {named(self.what)}" if where else named(self.what)
        if self.expected or self.got:
            parts = [
                f"expected {self.expected}" if self.expected else "",
                f"got {self.got}" if self.got else "",
            ]
            text += f" ({', '.join(part for part in parts if part)})"
        return f"{text}. {named(self.hint)}" if self.hint else text

    def as_dict(self) -> dict[str, str]:
        """Give the fault as plain data, for `--json`."""
        return asdict(self)


class InputError(ValueError):
    """An input was refused. `faults` holds every fault found, not just the first.

    Parameters
    ----------
    faults : one fault, or all faults of an input

    Examples
    --------
    >>> try:
    ...     load_method("no-such-method")
    ... except InputError as error:
    ...     print(len(error.faults))
    1
    """

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return self._text(str)

    def on_command_line(self) -> str:
        """Write the faults as the command line prints them, with its options."""
        return self._text(Fault.on_command_line)

    def _text(self, say: Callable[[Fault], str]) -> str:
        lines = [say(fault) for fault in self.faults[:SHOWN]]
        if len(self.faults) > SHOWN:
            kinds = Counter(fault.what for fault in self.faults)
            counted = ", ".join(f"{what} ({count})" for what, count in kinds.most_common())
            more = "Of a table of factors `regso-cluster check --json` lists each."
            lines.append(f"... {len(self.faults)} faults in all: {counted}. {more}")
        return "\n".join(lines)
