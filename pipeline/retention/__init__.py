"""How many customers and how much revenue a company keeps, and what one number would hide.

`periods` says which days are looked at, `customer_flow` who was a customer at either end of them, `rates` and `revenue`
what follows, each figure beside its definition; `breakdown` the same for parts of the customers, `cohorts` and
`survival` for how long they stay, `scenario` what a point of churn is worth.
"""
