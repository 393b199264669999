"""Addresses of MLflow that can never work are found before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import spaces

from hpsearch.cli.main import main
from hpsearch.tracking.address import address_faults


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("databricks", "must be the address of an MLflow server"),
        ("./mlruns", "must be the address of an MLflow server"),
        ("mlruns", "must be the address of an MLflow server"),
        ("file:///tmp/mlruns", "must be the address of an MLflow server"),
        ("uc://catalog", "must be the address of an MLflow server"),
        ("ftp://lab/x", "must be the address of an MLflow server"),
        ("http://", "must be the address of an MLflow server"),
        ("http://[::1", "Invalid IPv6 URL"),
        ("http://lab:port", "must be the address of an MLflow server"),
        ("http://lab:99999", "Port out of range"),
        ("postgresql://lab/mlflow", "needs the Python package 'psycopg"),
        ("mssql+pyodbc://lab/mlflow", "needs the Python package 'pyodbc'"),
        ("mysql+nothing://lab/mlflow", "must be an address that SQLAlchemy takes"),
        ("sqlite://", "must name a file"),
        ("sqlite:///relative.db", "whole path, with four slashes"),
        ("sqlite:////nowhere/at/all.db", "in a folder that is there"),
    ],
)
def test_it_is_named_with_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, said: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    [fault] = address_faults(tmp_path, None)
    assert said in fault.message and fault.where == "MLFLOW_TRACKING_URI"


def test_a_password_in_it_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for uri in ("postgresql://me:secret@lab/mlflow", "http://me:secret@[::1", "oracle://me:secret@lab/x"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        [fault] = address_faults(tmp_path, None)
        assert "secret" not in str(fault)


@pytest.mark.parametrize("uri", ["", "http://lab:5000", "https://lab/mlflow", "sqlite:////tmp/mlflow.db"])
def test_what_may_work_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert address_faults(tmp_path / "new?", None) == []


def test_check_and_launch_refuse_it_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    space = spaces.QUICKSTART
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "databricks")
    for command in ("check", "launch"):
        assert main([command, str(space), "--root", str(tmp_path / "root")]) == 2
        assert "MLFLOW_TRACKING_URI: must be the address" in capsys.readouterr().err
    assert not (tmp_path / "root" / "studies").exists() or not list((tmp_path / "root" / "studies").iterdir())
