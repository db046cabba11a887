"""From a score to one action per customer, or none and why.

``eligibility`` asks every guardrail and every rule of the contact policy; ``optimizer`` gives scarce capacity to whom
it saves most; ``control_group`` leaves some alone so that effects can be measured; ``assignment`` puts them together.
``why_not``, ``decision_record`` and ``tasks`` say what was decided and what the one who acts has to know.
"""
