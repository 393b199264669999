"""What a study came to: leaderboard, arms, comparison with the baseline, exported network."""
