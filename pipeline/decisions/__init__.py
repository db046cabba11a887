"""From a score to one action per customer, or none and why.

``eligibility`` asks every guardrail and every rule of the contact policy; ``optimizer`` gives scarce capacity to whom
it saves most; ``control_group`` leaves some alone so that effects can be measured; ``exploration`` lets a lot decide
for others, and ``policy_choice`` what a file gives these without it; ``assignment`` puts them together.
``why_not``, ``decision_record`` and ``tasks`` say what was decided and what the one who acts has to know.
"""
