"""How factors of different units become comparable: the kinds of scales, and their transformers."""
