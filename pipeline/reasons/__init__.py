"""Why a score is what it is: exact contributions of every feature (``ensemble_contributions``), summed by family
(``families``), told in sentences (``phrases``) with the customer's own numbers (``renderer``), and drawn (``plots``).
"""
