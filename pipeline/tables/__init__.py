"""The canonical tables: what they hold (``schemas``), how they lie on disk (``storage``), how the work is cut
(``buckets``), and the intake that turns a raw source into one of them (``intake``).
"""
