"""How sure we are: the noise of small counts, carried through to every label; ranks under other weights."""
