"""Reports: one HTML file that needs nothing else, its figures as files, the numbers behind them."""
