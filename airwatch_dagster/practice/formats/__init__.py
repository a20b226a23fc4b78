"""EPA's formats: AirData's and AirNow's files and the rows of the AQS API.

Here belong names, order, types and encodings of columns. Values come from world; HTTP belongs in server.
"""
