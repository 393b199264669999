"""The results of a study: leaderboard, arms, comparison with the baseline, exported network."""
