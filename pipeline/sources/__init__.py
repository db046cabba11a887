"""Where data comes from: files (``files``) and data sets inside installed packages (``samples``).

Each source becomes a `Raw`: a query of the engine that reads it in a stream, and what its columns are.
"""

from pipeline.sources.files import Raw, open_source

__all__ = ["Raw", "open_source"]
