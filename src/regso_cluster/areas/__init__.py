"""Which areas there are: codes, editions, shapes."""
