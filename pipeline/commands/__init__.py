"""One module per ``churn`` subcommand: what it does once its options are read; ``cli`` reads them."""
