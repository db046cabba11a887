"""From a score to an action: what a customer is worth (``value``), which playbooks there are (``declared``), whom each
is for (``language`` reads its rule, ``vocabulary`` holds the names it may speak of, ``rules`` evaluates it, ``lint``
finds what cannot work), and the one action, or none and why (``assign``), with how it was chosen (``record``).
"""
