"""From published rows to one trusted 24-hour value per site."""
