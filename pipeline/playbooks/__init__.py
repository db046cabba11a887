"""From a score to an action: what a customer is worth (``value``), which playbooks there are (``declared``), whom each
is for (``rules``), and the one action, or none and why (``assign``).
"""
