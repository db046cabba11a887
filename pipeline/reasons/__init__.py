"""Why a score is what it is: exact contributions of every feature (``contributions``), summed by family
(``families``), told in words with the customer's own numbers (``description``), and drawn (``pictures``).
"""
