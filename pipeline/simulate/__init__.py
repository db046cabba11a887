"""A company with a known churn process, to judge forecasts by: its tables, and beside them what nature knew.

``docs/simulated-company.md`` describes every column, every setting and the model behind them.
"""

from pipeline.simulate.block import NAMES, block, number_of_blocks
from pipeline.simulate.presets import COMPANIES, named
from pipeline.simulate.settings import FIRST_DAY, Company, Plan

__all__ = ["COMPANIES", "FIRST_DAY", "NAMES", "Company", "Plan", "block", "named", "number_of_blocks"]
