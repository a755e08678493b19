"""The loop that asks a strategy for proposals, has them evaluated and tells it the trials."""
