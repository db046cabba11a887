"""The model: which snapshots teach and which judge (``split``), the trees (``learner``), from margin to probability
(``calibration``), the rules it has to beat (``baselines``), the figures (``metrics``), the parts as files
(``artefacts``), and the page about all of it (``card``).
"""
