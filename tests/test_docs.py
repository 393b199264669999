"""The pages for contributors: the paths they name exist, and the checks they list are those of CI."""

from __future__ import annotations

import hashlib
import importlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hpsearch.study.plugins import known_tables
from trainables.base.yaml_document import load_yaml

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "examples/hpsearch-example-plugin/README.md",
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
)
FOLDERS = (
    *("hpsearch", "trainables", "tests", "docs", "search_spaces", "benchmarks", "examples"),
    *(".ci", ".github"),
)
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the licence's text as the Apache Software Foundation publishes it."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def yaml(name: str) -> Any:
    return load_yaml(ROOT / name).tree


def ci_commands() -> list[str]:
    """Return what CI runs after the installation, in its order."""
    (chain,) = [line for line in read(".ci/run").splitlines() if line.startswith("pip install")]
    return chain.split(" && ")[1:]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    folders = "|".join(map(re.escape, FOLDERS))
    named = set(re.findall(rf"(?<![\w/.-])(?:{folders})/[\w./-]*", read(page)))
    assert [name for name in named if not (ROOT / name.rstrip(".")).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)\)", read(page))
    files = [link for link in links if not link.startswith("https://")]
    assert [link for link in files if not ((ROOT / page).parent / link).exists()] == []


def test_contributing_gives_the_checks_in_the_order_of_ci() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", read("CONTRIBUTING.md"), flags=re.DOTALL)
    assert ci_commands() in [block.splitlines() for block in blocks]


def test_the_page_of_plugins_has_every_table_with_its_protocol() -> None:
    rows = re.findall(
        r"^\| `hpsearch\.([a-z]+)` \| .* \| `([\w.]+)` \|$", read("docs/plugins.md"), re.MULTILINE
    )
    assert {group for group, _ in rows} == known_tables().keys()
    for group, protocol in rows:
        module, _, name = protocol.rpartition(".")
        assert getattr(importlib.import_module(module), name) is known_tables()[group].protocol


def variants() -> list[tuple[str, ...]]:
    """Return the rows of CONTRIBUTING's table: variant, folder, table, the file of the table, contract."""
    row = r"^\| ([a-z ]*) \| `([^`]*)` \| `([A-Z_]*)` in `([^`]*)` \| `([^`]*)` \|$"
    return re.findall(row, read("CONTRIBUTING.md"), flags=re.MULTILINE)


def test_contributing_names_a_table_and_a_contract_for_each_variant() -> None:
    rows = variants()
    assert len(rows) == read("CONTRIBUTING.md").count("| `tests/contracts/") >= 4
    for _, folder, table, file, contract in rows:
        assert re.search(rf"^{table}\b.* = ", read(file), flags=re.MULTILINE), (table, file)
        assert file.startswith(folder)
        assert table in read(contract), f"{contract} does not run over {table}"
    contracts = {f"tests/contracts/{file.name}" for file in (ROOT / "tests" / "contracts").glob("test_*.py")}
    assert {name for name in contracts if f"`{name}`" not in read("CONTRIBUTING.md")} == set()


def test_every_static_check_of_ci_is_a_hook() -> None:
    (local,) = yaml(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    entries = [hook["entry"] for hook in local["hooks"]]
    static = [command for command in ci_commands() if not command.startswith(("pip", "pytest"))]
    assert entries == [*static, "pytest tests/test_layers.py"]
    assert all(hook["language"] == "system" and hook["pass_filenames"] is False for hook in local["hooks"])


def test_the_workflow_runs_ci_on_the_oldest_python() -> None:
    (job,) = yaml(".github/workflows/ci.yml")["jobs"].values()
    python = next(step["with"]["python-version"] for step in job["steps"] if "with" in step)
    assert PROJECT["requires-python"] == f">={python}"
    assert job["steps"][-1] == {"run": "bash .ci/run"}
    assert job["timeout-minutes"] == 40
    assert all(re.search(r"@v\d+$", step["uses"]) for step in job["steps"][:-1])


def test_the_citation_names_the_software_and_the_paper() -> None:
    citation = yaml("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"].startswith("hpsearch") and citation["message"] and citation["type"] == "software"
    assert citation["authors"] == PROJECT["authors"]
    assert citation["version"] == PROJECT["version"]
    (paper,) = citation["references"]
    assert paper["type"] == "article"
    assert paper["title"] in " ".join(read("README.md").split())
    names = [f"{author['given-names']} {author['family-names']}" for author in paper["authors"]]
    assert all(name in " ".join(read("README.md").split()) for name in names)


def test_the_licences_are_whole_and_named() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2
    assert PROJECT["license"] == "Apache-2.0 AND CC0-1.0"
    assert "CC0 1.0 Universal" in read(PROJECT["license-files"][1])
    assert all(f"]({file})" in read("README.md") for file in PROJECT["license-files"])


def test_the_changelog_has_the_version_that_is_built() -> None:
    versions = re.findall(r"^## \[?([\w.]+)", read("CHANGELOG.md"), flags=re.MULTILINE)
    assert versions[:2] == ["Unreleased", PROJECT["version"]]


def test_every_test_that_the_table_of_faults_names_exists_and_runs_when_it_says() -> None:
    rows = re.findall(r"^\|.*\| (`.*::.*`) \| (.*) \|$", read("docs/faults.md"), flags=re.MULTILINE)
    assert len(rows) > 20
    for tests, runs in rows:
        for file, name in re.findall(r"`([^`]+)::(\w+)`", tests):
            found = re.search(rf"((?:^ *@.*\n)*)^ *def {name}\(", read(file), flags=re.MULTILINE)
            assert found, f"{file} has no {name}"
            marks = "pytest.mark.faults" in found[1], "pytest.mark.quick" in found[1]
            assert marks == (runs.startswith("faults"), runs == "faults, CI") or "(" in runs, (name, runs)


def test_every_reported_fault_has_a_test_that_exists() -> None:
    page = read("docs/reported_faults.md")
    rows = re.findall(r"^\| (\d+) \|.*\| `([^`]+)::(\w+)` \|$", page, flags=re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, 26))
    for _, file, name in rows:
        assert f"def {name}(" in read(file), f"{file} has no {name}"


def test_each_reported_fault_names_a_test_that_is_there() -> None:
    named = re.findall(
        r"^\| (\d+) \|.*`(tests/\S+\.py)::(\w+)` \|$", read("docs/reported_faults.md"), re.MULTILINE
    )
    assert [int(number) for number, _, _ in named] == list(range(1, 26))
    gone = [f"{file}::{test}" for _, file, test in named if f"def {test}(" not in read(file)]
    assert not gone
