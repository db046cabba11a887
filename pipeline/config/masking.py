"""Addresses as they may be shown: without passwords, also where an address is not quite one."""

import re


def mask_password(text: str) -> str:
    """A text with addresses in it, without their passwords and tokens.

    >>> mask_password("postgresql://ann:her-own@db/mlflow and https://mlflow.example/?token=abc")
    'postgresql://ann:***@db/mlflow and https://mlflow.example/?token=***'
    >>> mask_password("postgresql:/ann:her-own@db")
    'postgresql:***@db'
    """
    text = re.sub(r"([^\s:/@]*):(?!//)\S*@", r"\1:***@", text)
    return re.sub(r"(?i)([?&;]\w*(?:password|passwd|pwd|token|secret|key)\w*=)[^&;\s]*", r"\1***", text)
