"""Many runs: series of years, sensitivity, numbers of groups."""
