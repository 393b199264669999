"""What everything stands on: config schema, errors, YAML, atomic files, locks."""
