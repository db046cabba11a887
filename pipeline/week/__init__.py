"""One week, read once and put together: who may be acted on, what is known of them, and the lists made of it.

``candidates`` are the scores with what the rules look at; ``contact_history`` is what all teams and earlier lists sent;
``inputs`` reads both, ``decide`` decides for everybody, and ``composition`` puts the week together.
"""
