"""A classification on disk: read and verified, written whole, frozen."""
