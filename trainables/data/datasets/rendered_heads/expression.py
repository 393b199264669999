"""The random facial expression of one image: mouth, eyelids, eyebrows, and where the eyes look."""

from __future__ import annotations

import numpy as np

MOODS: dict[str, tuple[float, dict[str, tuple[float, float]]]] = {
    "calm": (0.34, {}),
    "smile": (0.16, {"mouth-corner-puller": (0.3, 1.0)}),
    "laugh": (
        0.14,
        {"mouth-corner-puller": (0.5, 1.0), "mouth-part-later": (0.3, 1.0), "mouth-open": (0.0, 0.3)},
    ),
    "talk": (0.14, {"mouth-open": (0.1, 0.5), "mouth-retraction": (0.0, 0.5), "mouth-eversion": (0.0, 0.4)}),
    "gape": (0.06, {"mouth-open": (0.5, 1.0)}),
    "sad": (0.08, {"mouth-depression": (0.2, 0.9), "mouth-compression": (0.0, 0.5)}),
    "pout": (0.08, {"mouth-pursing": (0.2, 0.8), "mouth-protusion": (0.0, 0.7)}),
}
"""Share of the images and the ranges of the mouth modes, by mood."""

BROWS = ("down", "extern-up", "inner-up", "up")


def draw_expression(rng: np.random.Generator) -> dict[str, float]:
    """Return mode weights in [0, 1] by mode name."""
    shares = np.array([share for share, _ in MOODS.values()])
    mood = list(MOODS)[rng.choice(len(MOODS), p=shares / shares.sum())]
    weights = {f"expression/{mode}": rng.uniform(*span) for mode, span in MOODS[mood][1].items()}
    lid = rng.choice(["eye-{}-slit", "eye-{}-opened-up", "eye-{}-closure"], p=[0.15, 0.7, 0.15])
    most = 1.0 if "closure" in lid and rng.random() < 0.35 else 0.6
    brow = "eyebrows-{}-" + str(rng.choice(BROWS, p=[0.15, 0.25, 0.3, 0.3]))
    nose = "nose-{}-" + str(rng.choice(["dilatation", "elevation"]))
    for pattern, span in ((str(lid), most), (brow, 1.0), (nose, 0.6)):
        both = rng.uniform(0, span) if rng.random() < 0.7 else 0.0
        for side in ("left", "right"):
            value = np.clip(both * rng.normal(1, 0.08), 0, 1)
            weights[f"expression/{pattern.format(side)}"] = value
    return {name: float(value) for name, value in weights.items()}


def draw_gaze(rng: np.random.Generator, towards_camera: np.ndarray) -> np.ndarray:
    """Return the unit direction of both eyes in the head's frame; half the time they look at the camera.

    `towards_camera` is the unit direction from the head to the camera in the head's frame.
    """
    yaw, pitch = np.radians(rng.normal(0, [12.0, 7.0]))
    if rng.random() < 0.5:
        yaw = np.clip(np.arctan2(towards_camera[0], max(towards_camera[2], 1e-3)), -0.5, 0.5)
        pitch = np.clip(np.arcsin(towards_camera[1]), -0.3, 0.3)
    return np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], np.float32)
