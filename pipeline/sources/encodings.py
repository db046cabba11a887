"""How a file is encoded: a guess by its bytes, and which encodings the query engine reads by itself."""

import codecs
import re
from typing import IO

LOOKED_AT = 1 << 20
# What the engine reads by itself, faster than any codec of the standard library.
NATIVE = {"utf-8", "utf8", "utf-16", "latin-1", "latin1", "iso-8859-1", "iso_8859-1", "iso8859-1"}
KANA, HAN = re.compile("[\u3040-\u30ff]"), re.compile("[\u4e00-\u9fff]")
# Bytes of Windows-1252 that Latin-1 has no signs for: quotation marks, dashes, the euro.
WINDOWS_ONLY = re.compile(rb"[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]")
HIGH_RUNS = re.compile(rb"[\x80-\xff]+")


def is_native(encoding: str | None) -> bool:
    """Whether the engine reads an encoding by itself."""
    return encoding is None or encoding.lower() in NATIVE


def is_known(encoding: str) -> bool:
    """Whether anything here reads an encoding."""
    try:
        "".encode(encoding)
    except LookupError:
        return False
    return True


def guess(content: IO[bytes]) -> str | None:
    """How bytes are encoded; None for UTF-8, of which all are looked at, for an accent may come late."""
    start = content.read(LOOKED_AT)
    if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    if start[1:400:2].count(0) > 0.8 * len(start[1:400:2]) > 0:
        return "utf-16-le"
    decoder, block = codecs.getincrementaldecoder("utf-8")(), start
    try:
        while block:
            decoder.decode(block)
            block = content.read(LOOKED_AT)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _of_one_byte(block) if block is not start else _other_than_utf8(start)
    return None


def _other_than_utf8(start: bytes) -> str:
    """One of the encodings of East Asia, where the bytes make sense in it, else one of the West."""
    japanese = _decoded(start, "cp932")
    if japanese and len(KANA.findall(japanese)) > 0.1 * len(re.findall(r"[^\x00-\x7f]", japanese)):
        return "shift_jis" if _decoded(start, "shift_jis") else "cp932"
    # In Chinese two bytes are a sign, so runs of high bytes are even; an accent of the West stands alone.
    runs = [len(run) for run in HIGH_RUNS.findall(start)]
    chinese = _decoded(start, "gb18030")
    if chinese and sum(run for run in runs if run % 2 == 0) > 0.9 * sum(runs) and HAN.search(chinese):
        return "gb18030"
    return _of_one_byte(start)


def _of_one_byte(block: bytes) -> str:
    return "cp1252" if WINDOWS_ONLY.search(block) else "latin-1"


def _decoded(start: bytes, encoding: str) -> str | None:
    """The text of the bytes; None where they make none. The last sign may be cut."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(start, final=False)
    except UnicodeDecodeError:
        return None
