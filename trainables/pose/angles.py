"""The three angles of a head pose: their order in every array, and what their signs mean."""

ANGLES = ("yaw", "pitch", "roll")
"""The order of the angles in every array and tensor; a dataset without roll has the first two."""

CONVENTION = "AFLW2000: yaw > 0 turns the nose to the image's left, pitch > 0 up, roll > 0 clockwise; degrees"
"""What the angles of a dataset or a network mean, in words: two that differ in it are never compared."""
