"""The shared company, as the current folder or as a copy to change."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def shop(built_company, monkeypatch) -> Path:
    """The folder in which all stages have run, as the current one."""
    monkeypatch.chdir(built_company)
    return built_company


@pytest.fixture
def copy_of_shop(built_company, tmp_path, monkeypatch) -> Path:
    """A copy to change."""
    shutil.copytree(built_company, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"
