"""The version of the package, and a fingerprint of its code."""

import hashlib
from importlib.metadata import version

from pipeline.config.shipped import PACKAGE, PLACES


def describe_package() -> dict[str, str]:
    """The version of the installed package and a fingerprint of its code, by which DVC sees an upgrade."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and not file.is_relative_to(PLACES[0]):
            digest.update(file.relative_to(PACKAGE).as_posix().encode())
            digest.update(file.read_bytes())
    return {"version": version("churn-pipeline"), "code": digest.hexdigest()}
