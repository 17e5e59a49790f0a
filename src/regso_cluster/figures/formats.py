"""Formats of figures."""

from __future__ import annotations

from regso_cluster.files.formats import Format

PICTURES: tuple[Format, ...] = (
    Format((".svg",), "picture", needs="figure"),
    Format((".png",), "picture", needs="figure"),
)
