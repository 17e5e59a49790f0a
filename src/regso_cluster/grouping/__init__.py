"""From factors to groups: problems, composite groups, the index, tiers, clusters, profiles."""
