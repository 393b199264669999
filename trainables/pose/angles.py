"""The three angles of a head pose: their order in every array, and what their signs mean."""

ANGLES = ("yaw", "pitch", "roll")
"""The order of the angles in every array and tensor; a dataset without roll has the first two."""

CONVENTION = "AFLW2000: yaw > 0 turns the nose to the image's left, pitch > 0 up, roll > 0 clockwise; degrees"
"""What the angles of a dataset or a network mean, in words: two that differ in it are never compared."""

AXES = ("left", "down", "nose")
"""The axes of a head as they are drawn: the subject's left, down, and out of the face along the nose."""

AXIS_COLOURS = ((235, 64, 52), (52, 199, 89), (64, 140, 255))
"""Red, green and blue, in the order of `AXES`."""
