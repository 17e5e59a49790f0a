"""Groups of a release joined to an agency's table, by code or by place."""
