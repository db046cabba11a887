"""Who is about to stop buying, why, what it is worth, and what to do about it.

The rooms, in the order the data passes them:

- ``description`` are the languages all texts are told in, with their catalogues;
- ``sources`` read what a company has, wherever it lies;
- ``tables`` are the canonical tables: checked, deduplicated, spread over buckets of customers;
- ``examples`` look at each customer from a day (a *snapshot*): features from strictly before it, labels from after it;
- ``model`` learns on earlier snapshots and is judged on a later one;
- ``reasons`` split a score into what raises and what lowers it, and say so in words;
- ``playbooks`` choose one action per customer, or none, with the reason;
- ``lists`` write the week that people open;
- ``simulate`` makes a company whose truth is known, to judge all of this by.

``stages`` are the six steps of ``dvc repro``; ``cli`` is the ``churn`` command, whose weekly job calls the same steps.
``docs/glossary.md`` fixes the words.
"""
