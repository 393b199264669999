"""What every test can rely on."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this run of the tests that all of its processes have."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def empty_store(shared: Path) -> Path:
    """A database of MLflow without runs, to be copied: making one for each test takes a second."""
    from hpsearch.tracking.store import ready  # not where the tests of trainables alone run

    store = shared / "mlflow.db"
    ready(store, migrates=False)
    return store


@pytest.fixture(scope="session")
def rendered(shared: Path, empty_store: Path) -> Path:
    """A root with what `support.launches.furnish` gives others: pictures of its spaces, and a database."""
    from support.launches import IMAGES

    IMAGES.ensure(shared / "datasets", workers=1)
    return shared


@pytest.fixture
def narrow() -> Iterator[None]:
    """Give ResNet-10 a quarter of its channels, for tests of what a training does, whatever it trains."""
    from support.narrow import narrow_resnet10

    with narrow_resnet10():
        yield


@pytest.fixture(scope="module")
def narrow_throughout() -> Iterator[None]:
    """The same for all tests of a file, and for the fixtures that they share."""
    from support.narrow import narrow_resnet10

    with narrow_resnet10():
        yield


def pytest_configure() -> None:
    """Take Ctrl-C even in the background: the commands that tests start inherit an ignored one.

    One thread for torch in all processes: they share the cores, and digits must not depend on their number.
    Bytecode is kept, even where the environment says no: dozens of processes would compile both packages.
    What collecting tests loads stays, millions of objects: to look through them for garbage again and again
    takes three seconds of each process.
    """
    gc.disable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # as hpsearch has it: it begins threads
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Collect garbage from here on, of what tests leave alone."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with long tests first: with `-n 2` each process takes the next when it is free."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)
