"""Fetch tables (PxWebApi 2) and shapes (WFS) from SCB. The one place of the package that touches the network.

client    one service: its limits kept, passing faults tried again, every answer bounded and judged
cache     answers on disk with hash, date and source; parts of what is under way
selection what to ask of a table, split by area
tables    a table asked for, checked, put together
shapes    a layer of areas: pages, put together and checked
sources   which table holds which column of a built-in method, and which no open table holds
"""
