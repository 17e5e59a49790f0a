"""The other side: what someone can read in, and work out from, the files that were published.

Nothing here knows how figures are protected. All it has are files, what others publish, and arithmetic.
"""
