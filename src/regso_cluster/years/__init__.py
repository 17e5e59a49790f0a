"""Year after year: which areas compare, who moved, and why."""
