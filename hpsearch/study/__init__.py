"""What Optuna decides: samplers, pruners, and the one record of what was tried and what came of it."""
