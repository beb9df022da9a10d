"""The words of a notebook, and what stands behind them. `dehelpers` says which of them are public."""
