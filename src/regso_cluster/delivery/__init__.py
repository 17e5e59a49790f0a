"""To those who use it: workbooks, text tables, maps."""
