"""Center-Environment features and the element property tables behind them."""
