"""One classification: the order of its steps, and the tables that it hands out."""
