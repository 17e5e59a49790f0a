"""A release that may leave the agency: small counts taken out, then classified again from what is left."""
