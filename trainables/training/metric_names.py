"""The name of every metric that training and evaluation report.

A name is `GROUP/WHAT`; the journal, MLflow and the YAML key `search.metric` use it as it is. Errors in
degrees stand in the groups `validation` (after every epoch) and `test/NAME` (a test set, measured after the
search). Each function returns a name; its docstring says what the metric is. Importing this module loads
neither torch nor numpy.
"""

VALIDATION = "validation"
TEST = "test"


def group_of_test(name: str) -> str:
    """Return the group of the errors on a test set."""
    return f"{TEST}/{name}"


def mae(group: str) -> str:
    """Mean over the angles of the mean absolute errors, degrees."""
    return f"{group}/mae_deg"


def wrapped_mae(group: str) -> str:
    """The same, with errors that take the shorter way round the circle."""
    return f"{group}/wrapped_mae_deg"


def angle_mae(group: str, angle: str) -> str:
    """Mean absolute error of one angle, degrees."""
    return f"{group}/{angle}_mae_deg"


def yaw_band_mae(group: str, band: str) -> str:
    """`mae` over the images whose true |yaw| lies in a band, such as `30_60`."""
    return f"{group}/mae_deg_yaw_{band}"


def geodesic(group: str) -> str:
    """Mean angle between predicted and true rotation, degrees; only where the dataset has roll."""
    return f"{group}/geodesic_deg"


BEST_MAE = f"{VALIDATION}/best_mae_deg"
"""Smallest `mae(VALIDATION)` of the epochs so far."""

BEST_EPOCH = f"{VALIDATION}/best_epoch"
"""The epoch of `BEST_MAE`."""

LOSS = "train/loss"
"""The weighted sum that was minimised, mean over the epoch's steps."""


def loss(part: str) -> str:
    """Loss of an angle, the whole pose or a pretext branch before weighting, mean over the epoch's steps."""
    return f"train/loss_{part}"


LEARNING_RATE = "train/learning_rate"


def pretext_accuracy(branch: str) -> str:
    """Share of regions that a pretext branch classified right, on training images as they were learned."""
    return f"pretext/{branch}_accuracy"


def pretext_chance(branch: str) -> str:
    """Accuracy of always naming the most frequent class."""
    return f"pretext/{branch}_chance"


IMAGES = "train/images"
"""Training images of the epoch, repetitions counted, perturbed copies not."""

IMAGES_PER_S = "speed/images_per_s"
"""Training images per second, evaluation not counted."""

DATA_WAIT_SHARE = "speed/data_wait_share"
"""Share of the training time spent waiting for the next batch."""

EPOCH_S = "speed/epoch_s"
"""Seconds of training and evaluation together."""

PEAK_MEMORY_MIB = "memory/peak_mib"
"""Largest memory so far: of the run on a GPU, of the process on a CPU."""
