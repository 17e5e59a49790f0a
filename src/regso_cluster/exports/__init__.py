"""A release in the formats of others: workbook, cubes, packages, databases."""
