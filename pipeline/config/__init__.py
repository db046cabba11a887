"""Settings and what everything else stands on: ``params``, value ``types``, ``errors``, ``overlay`` and ``paths``."""
