"""Outlines with styles: GeoPackage, colours."""
