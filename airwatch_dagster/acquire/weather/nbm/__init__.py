"""The National Blend of Models of the National Weather Service: its bulletins for stations (NBS) and their archive."""
