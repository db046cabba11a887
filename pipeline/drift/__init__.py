"""Last week is the witness: what a published week was made from, beside what the next one finds of the same past.

``profile`` writes down what a week saw, ``effects`` measures how far the next one differs, and ``findings`` judges that
by how steady this company's data have been. A feed that is wrong today is the business of
`pipeline.examples.feed_health`; here it is the past that must not change, the people who must stay the same people, and
the consent, features and scores that must not jump.
"""

from pipeline.drift.effects import measure
from pipeline.drift.findings import Finding, find_changes, usual_effects
from pipeline.drift.kinds import Effect
from pipeline.drift.profile import PROFILE_FILE, SAMPLE_FILE, Profile, Sample

__all__ = [
    "PROFILE_FILE",
    "SAMPLE_FILE",
    "Effect",
    "Finding",
    "Profile",
    "Sample",
    "find_changes",
    "measure",
    "usual_effects",
]
