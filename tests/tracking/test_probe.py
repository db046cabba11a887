"""The store is asked once, in seconds; whether it works decides, and its address is never shown with a password."""

import time
from pathlib import Path

import pytest

from pipeline.config.errors import BadParams, StaleInput
from pipeline.tracking import probe, store


@pytest.fixture(autouse=True)
def anew():
    probe.check.cache_clear()
    yield
    probe.check.cache_clear()


def test_a_store_that_is_still_to_be_made_is_right(tmp_path):
    probe.check(f"sqlite:///{tmp_path}/mlflow.db", "here")
    Path(tmp_path / "mlflow.db").touch()
    probe.check.cache_clear()
    probe.check(f"sqlite:///{tmp_path}/mlflow.db", "here")


def test_it_is_asked_once_where_it_works_and_again_where_it_did_not(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(probe, "_ask_server", lambda *_: asked.append(1))
    for _ in range(3):
        probe.check("http://mlflow.example", "here")
    assert len(asked) == 1
    file = tmp_path / "mlflow.db"
    file.write_text("no database")
    with pytest.raises(StaleInput, match="here: is no SQLite database, or a damaged one"):
        probe.check(f"sqlite:///{file}", "here")
    file.unlink()
    probe.check(f"sqlite:///{file}", "here")


def test_whoever_hangs_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(probe, "PATIENCE", 0.2)
    monkeypatch.setattr(probe, "_ask_server", lambda *_: time.sleep(5))
    began = time.monotonic()
    with pytest.raises(StaleInput, match="here does not answer as it should: no answer within 0 seconds"):
        probe.check("http://mlflow.example", "here")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("address", ["postgres:/ann:hush@db", "oracle+nothing://ann:hush@db/x", "c3po://x"])
def test_what_is_no_address_is_refused_without_being_shown(address):
    with pytest.raises(BadParams, match="here: is no address of a store") as refused:
        probe.check(address, "here")
    assert "hush" not in str(refused.value)


def test_the_address_of_the_shell_goes_before_that_of_the_file(changed, monkeypatch):
    monkeypatch.setenv("MLFLOW_OF_THE_TEAM", " http://ann:hush@tracking:5000 ")
    settings = changed(**{"tracking.uri_env": "MLFLOW_OF_THE_TEAM"}).tracking
    assert settings.address == "http://ann:hush@tracking:5000"
    assert store.place(settings) == "params.yaml: tracking.uri_env MLFLOW_OF_THE_TEAM 'http://ann:***@tracking:5000'"
    assert store.is_shared(settings)
    monkeypatch.delenv("MLFLOW_OF_THE_TEAM")
    with pytest.raises(BadParams, match="variable MLFLOW_OF_THE_TEAM is not set"):
        store.place(settings)
