"""Every importer keeps the contract that `hpsearch.testing` has, and is a command with its options."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from support.forks import forked
from support.raw_layouts import LAYOUTS

from hpsearch.cli.main import main
from hpsearch.testing import ImporterContract, rows
from trainables.data.datasets import open_dataset
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.importers import IMPORTERS
from trainables.data.datasets.prepared import COLUMNS
from trainables.data.datasets.raw import ImporterConfig

each_importer = pytest.mark.parametrize("kind", sorted(IMPORTERS))


def write(kind: str, raw: Path) -> Path:
    assert kind in LAYOUTS, (
        f"add the smallest raw dataset of {kind} to LAYOUTS in tests/support/raw_layouts.py"
    )
    LAYOUTS[kind](raw)
    return raw


@pytest.mark.parametrize("config", rows(IMPORTERS))
class TestImporters(ImporterContract):
    @pytest.fixture
    def raw(self, config: ImporterConfig, tmp_path: Path) -> Path:
        return write(IMPORTERS.name_of(config), tmp_path / "raw")

    def test_the_convention_says_which_way_a_yaw_turns(self, config: ImporterConfig, raw: Path) -> None:
        assert "yaw > 0" in config.build(raw).convention


def typed(value: object) -> str:
    """Return how a person types a setting behind its option."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def options(kind: str) -> list[str]:
    """Return every option of an importer as typed words, each with its default."""
    fields = IMPORTERS[kind].model_fields
    return [word for key, field in fields.items() for word in (option(key), typed(field.default))]


def option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


@each_importer
def test_the_help_explains_every_option_and_its_default(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["data", "import", kind, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for key, field in IMPORTERS[kind].model_fields.items():
        assert f"{option(key)} VALUE" in shown, key
        assert f"(default: {typed(field.default) or 'none'})" in shown, key


@each_importer
def test_every_option_can_be_typed_and_a_wrong_one_is_named(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = str(write(kind, tmp_path / "raw"))
    command = ["data", "import", kind, raw, "--out", "faces", "--root", str(tmp_path)]
    with forked("trainables.data.datasets.workers"):
        assert main([*command, *options(kind), "--image-px", "32"]) == 0
    assert main([*command, "--image-px", "32"]) == 0, "the defaults are those that the help shows"
    assert "nothing to do" in capsys.readouterr().out
    for key in IMPORTERS[kind].model_fields:
        assert main([*command, option(key), "{a: mapping}"]) == 2
        assert option(key) in capsys.readouterr().err
    dataset = open_dataset("faces", tmp_path / "datasets")
    assert check_dataset(dataset.folder).faults == ()
    assert dataset.card.details["importer"] == kind
    assert {*dataset.labels().columns} == {*COLUMNS, *dataset.label_columns}
    assert dataset.label_columns == tuple(f"{angle}_deg" for angle in dataset.card.angles)
    for file in dataset.labels()["file"]:
        with Image.open(dataset.folder / file) as image:
            assert image.size == (32, 32) and image.mode == "RGB"
