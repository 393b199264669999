"""The Optuna study: search space file, samplers, pruners, and the journal of every trial."""
