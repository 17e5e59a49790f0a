"""The commands, a file for each kind of work; `regso_cluster.cli` gathers them.

A command is a few lines that call the library. Heavy modules are imported inside, so that `--help` answers at once.
"""
