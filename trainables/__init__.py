"""What one trial runs: data, network, losses, step. Knows pixels, never studies."""
