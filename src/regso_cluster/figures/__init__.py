"""Figures of a release or a study, as SVG or PNG."""
