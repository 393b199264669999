"""The search system: knows trials, never pixels."""
