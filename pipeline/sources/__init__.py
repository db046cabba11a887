"""Where data comes from: files (``files``, found by ``places``), databases (``databases``) and data sets inside
installed packages (``samples``); ``opening`` chooses. ``proposal`` guesses what a folder of files holds.

Each source becomes a `Raw`: a query of the engine that reads it in a stream, and what its columns are.
"""

from pipeline.sources.opening import Raw, open_source

__all__ = ["Raw", "open_source"]
