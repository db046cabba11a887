"""Whole companies: customers with causes to leave, the traces they leave in all tables, and what helps.

``docs/simulated-whole-company.md`` describes every column, every setting and the law behind them.
"""

from pipeline.simulate.causal.company_block import NAMES, effects, names, whole_block
from pipeline.simulate.causal.company_presets import COMPANIES
from pipeline.simulate.causal.company_settings import Whole, WholePlan

__all__ = ["COMPANIES", "NAMES", "Whole", "WholePlan", "effects", "names", "whole_block"]
