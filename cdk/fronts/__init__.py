"""What may stand before the API's function: each front has a `url`, and adds its alarms and graphs in `watch`."""
