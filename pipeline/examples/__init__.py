"""A customer seen from a day: which days (``snapshots``), who is eligible, what happened after it (``labels``), what
was known before it (``history``, ``features``), and the function of one bucket that puts them together (``build``).
"""
