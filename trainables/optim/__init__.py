"""The step: optimizers and learning-rate schedules."""
