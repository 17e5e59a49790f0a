"""How apart groups live: measures, where segregation lies, what chance alone would give, and why it changed.

    measures    D, Gini, isolation, interaction, eta squared, Atkinson, Hutchens; M, H and others of several groups
    parts       by unit, by group, by level of nested units; location quotients
    ordered     by ordered classes and by rank, as schooling and income
    chance      what chance alone would give; D corrected for it
    change      openings, closings, margins and structure between two years
    places      all measures of many places and years in one pass

docs/segregation.md shows each. Spatial forms, intervals and commands are not there yet.
"""

from regso_cluster._package import attach

__getattr__, __dir__, __all__ = attach(__name__)
