"""Search spaces: training configs with holes, read from YAML, probed and filled."""
