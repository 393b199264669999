"""What a search tries next, and what it stops: samplers, pruners, rungs and forecasts."""
