"""Mirrors studies into MLflow, to look at in a browser; no decision ever reads anything back from it."""
