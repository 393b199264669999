"""Head rotations: Euler angles in degrees, matrices, and drawing the axes."""
