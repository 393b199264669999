"""Shared basics: config schema, errors, YAML, atomic files, locks, names."""
