"""Machine-readable files beside the page: latest.json, forecasts.csv, sites.geojson, verification.json, Atom.

Each JSON file names the version of its form; the JSON Schema of every form is a file of this folder and is published
beside the feeds.
"""
