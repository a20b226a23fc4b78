"""From published rows to one validated 24-hour value per monitor-day and site-day, with its AQI.

Here belong rules on which published value counts: EPA's for standards, validity and primary monitors, and AirWatch's
for events and restated T640 rows. Reading files belongs in acquire, and anything that needs other sites in enrich.
"""
