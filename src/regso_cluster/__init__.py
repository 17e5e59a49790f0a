"""Classify Sweden's RegSO areas: where many problems meet, what kind of needs each has, how it changes.

The map of the house, the ground floor first; a room knows only rooms above it in this list, and data walk down it:

    errors, _package    one error: what is wrong, where, expected, got, how to repair it; the version, the public names
    kernels             all numba code: arrays in, arrays filled
    parallel            many fits, draws or runs, in threads, processes or on a cluster, with the same bytes
    schema              what a column and a grouping of a release are: names, order, meanings, headings
    scales              kinds of scales, one row each, and their transformers
    method              all choices of one classification, as a TOML file
    words               columns described, notes and texts in Swedish and English
    files               bounded readers, cells as numbers; files and folders written whole or not at all
    clustering          estimators under scikit-learn's contract; they know no method
    areas               which areas there are: codes, editions, shapes, crosswalks
    factors             what is measured: tables checked, registers counted, rates, scales, shrinkage
    maps                outlines with styles
    judging             problems, composite groups, tiers, the typology and its lineage, plausibility
    certainty           how sure each label is
    classification      classify(): the only module that knows the order of the steps
    release             a classification on disk: written whole, read, verified, frozen
    years               another year, other borders: who moved, and why
    exports             a release as workbook, cube, package, database
    joining             groups joined to an agency's table
    statistics          an agency's figures by group, and their protection
    survey              sample surveys: sizes, allocation, draws, weights, estimates, change
    segregation         how apart groups live: measures, parts, chance, change
    publishing          a release that gives no small count away
    figures, terminal, page    what a reader looks at
    intruder            what someone can work out from published files
    studies             many runs: series of years, sensitivity, numbers of groups
    sources             the only room that knows a network
    example             a synthetic country on the real area codes
    commands, cli       the command line

Each public name shows an example in its docstring; docs/python.md has the calls in the order that a user needs them.
"""

from regso_cluster._package import __version__ as __version__
from regso_cluster._package import attach

__getattr__, __dir__, __all__ = attach(__name__)
