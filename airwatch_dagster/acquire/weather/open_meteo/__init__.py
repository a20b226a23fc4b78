"""Open-Meteo's previous-runs and single-runs interfaces: weather models at each site, as they were forecast."""
