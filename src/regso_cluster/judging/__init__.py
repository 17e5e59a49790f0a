"""From scores to groups: problems, composite groups, tiers, the typology and its lineage, plausibility."""
