from __future__ import annotations

from pathlib import Path

import pytest
from support import studies
from support.toy import prepared_blobs

from hpsearch.study.provenance import gather_provenance
from trainables.training.training_data import open_data

SPACE = """\
data: {train: {dataset: blobs}, batch: 4, image_px: 32, UNLABELLED}
network: {backbone: resnet10}
pretext: {choice: [none, puzzling]}
epochs: 1
"""


@pytest.mark.parametrize(
    ("unlabelled", "roles"),
    [
        ("decode: cpu", {"train": "blobs", "validation": "blobs"}),
        ("unlabelled: {dataset: more}", {"train": "blobs", "validation": "blobs", "unlabelled": "more"}),
    ],
    ids=["labelled", "unlabelled"],
)
def test_every_dataset_that_is_learned_from_is_named_with_its_content(
    tmp_path: Path, unlabelled: str, roles: dict[str, str]
) -> None:
    hashes = {
        name: prepared_blobs(tmp_path / name, splits=("train", "validation")).card.content_hash
        for name in ("blobs", "more")
    }
    spec = studies.spec(tmp_path, "{sampler: random}", SPACE.replace("UNLABELLED", unlabelled))
    provenance = gather_provenance(spec, open_data(spec.configs[0], tmp_path))
    assert provenance.datasets == {role: f"{name} @ {hashes[name]}" for role, name in roles.items()}
