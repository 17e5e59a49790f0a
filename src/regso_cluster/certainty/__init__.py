"""How sure we are: the noise of small counts, carried through to ranks and labels."""
