"""Write the kinds of scales in docs/method.md anew from their rows."""

from __future__ import annotations

import re
from pathlib import Path

from regso_cluster.scales.kinds import SCALES

BEGIN, END = "<!-- kinds of scales, written by `make docs` -->", "<!-- end of kinds -->"


def describe() -> str:
    """Give a table of all kinds of scales as Markdown."""
    rows = [
        f'| `"{name}"` | {kind.says} | {", ".join(f"`{one}`" for one in kind.takes)} |' for name, kind in SCALES.items()
    ]
    return "\n".join([BEGIN, "", "| `kind` | what | takes |", "|---|---|---|", *rows, "", END])


if __name__ == "__main__":
    file = Path(__file__).parent / "method.md"
    text = re.sub(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: describe(), file.read_text("utf-8"), flags=re.DOTALL
    )
    file.write_text(text, "utf-8", newline="\n")
