"""A training run: its config, the loop, checkpoints, and the jobs that a worker is sent."""
