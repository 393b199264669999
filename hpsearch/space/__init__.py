"""Search spaces: a training config with holes, read from YAML, probed and filled."""
