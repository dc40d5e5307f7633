"""Time series: tables, the calendar, forecasts, linear and echo state models."""
