"""What a reason says: the sentences about each feature, by its name, the best first.

A feature gets its sentence from one entry, in `purchases` or `relationship`::

    "quantity_{window}d": "bought {number} in the last {window}",

The key is a feature's name. A place in it stands for a part of that name: ``{window}`` for its days, so that one entry
serves ``quantity_30d`` and ``quantity_90d``, and any other place, such as ``{told}``, for what the company itself calls
an event type or a topic. Of several keys that fit a name, the one counts that spells out most of it. In the sentence,

- ``{number}`` is the value of the feature itself, with its unit, and a place of the key is what it stands for;
- ``{gap_mean_days}`` is the value of that feature of the same customer;
- ``{before=events_{told}_31_to_120d}`` and ``{window=30}`` fill a place with a feature or with days of their own.

Catalogues hold a sentence without what follows ``=``, so that one translation serves all windows and types. Of several
sentences the first is used of which every number is known, and which neither says one day twice nor shows a fall where
there is none. What has no direction
of risk is never a reason, and may do without an entry.
"""

from pipeline.reasons.phrases import purchases, relationship
from pipeline.reasons.phrases.lookup import Phrasebook, find_phrases
from pipeline.reasons.phrases.phrase import Phrase

__all__ = ["PHRASES", "Phrase", "Phrasebook", "find_phrases"]

PHRASES: Phrasebook = {**purchases.PHRASES, **relationship.PHRASES}
