"""What a process that works on buckets sets before it loads any library: memory it may keep, threads it may use.

Every bucket takes the memory of the one before again. What was given back to the system meanwhile comes anew, page by
page and filled with zeros, which took a third of the time of the features; so a worker keeps what it had.
"""

import ctypes
import os
import sys

# Of malloc.h: below how many bytes the top of the heap is kept, and blocks are taken from the heap at all; 32 MB is the
# most that the GNU library takes for the second.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES, HEAP_BLOCK_BYTES = 500_000_000, 32 * 1024 * 1024
# What Polars frees is given back after so many milliseconds without use.
KEPT_MS = 10_000
POLARS_MEMORY = "_RJEM_MALLOC_CONF"


def prepare(threads: int) -> None:
    """Set up the process this runs in; it has not loaded Polars yet.

    Parameters
    ----------
    threads
        How many threads Polars may use, unless the environment says so.
    """
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    # What the process that starts this one has set by loading Polars stands first; the last one counts.
    inherited = os.environ.get(POLARS_MEMORY, "")
    os.environ[POLARS_MEMORY] = f"{inherited},dirty_decay_ms:{KEPT_MS},muzzy_decay_ms:{KEPT_MS}".removeprefix(",")
    set_limit = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    # Another system, or another C library, has other ways.
    if set_limit is not None:
        set_limit(M_TRIM_THRESHOLD, KEPT_BYTES)
        set_limit(M_MMAP_THRESHOLD, HEAP_BLOCK_BYTES)
