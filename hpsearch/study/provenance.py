"""The provenance of a study: its datasets, its code and plug-ins, and the error of the training mean."""

from __future__ import annotations

from hpsearch.study.code_version import code_version
from hpsearch.study.plugins import origins_of
from hpsearch.study.records import Provenance
from hpsearch.study.spec import SECTION, StudySpec
from trainables.base.errors import Fault, InputError
from trainables.training.metric_names import VALIDATION, in_group
from trainables.training.metrics import mean_prediction
from trainables.training.training_data import TrainingData


def gather_provenance(spec: StudySpec, data: TrainingData) -> Provenance:
    """Return the facts of a study whose first config has this data.

    Raises `InputError` where the objective cannot be measured on the validation set.
    """
    known = in_group(VALIDATION, _of_the_training_mean(data))
    main = spec.target.metrics[0]  # a prediction that never changes is its own best epoch
    known[main.best().within(VALIDATION).name] = known[main.within(VALIDATION).name]
    objective = spec.objective.name
    if objective not in known:
        raise InputError(
            Fault(
                f"{objective} cannot be measured on the images and labels of {data.validation_dataset.name}: "
                f"take another objective ({', '.join(known)})",
                f"{SECTION}.objective",
                spec.document.file,
            )
        )
    datasets = {
        "train": data.train_dataset,
        "validation": data.validation_dataset,
        "unlabelled": data.unlabelled_dataset,
    }
    return Provenance(
        training_mean=known[objective],
        datasets={role: f"{d.name} @ {d.card.content_hash}" for role, d in datasets.items() if d is not None},
        code_version=code_version(),
        plugins=origins_of(spec),
    )


def _of_the_training_mean(data: TrainingData) -> dict[str, float]:
    """Return what always predicting the mean of the training labels measures on the validation set."""
    target = data.train.target
    if target is None:
        return {}
    count = len(target.labels)
    return mean_prediction(data.train.labels, data.validation.labels[:, :count], target).measures()
