"""The sources that AIRWATCH_SOURCE chooses from: AirData, AQS and live (AirData, AQS and AirNow).

Here belongs how a source combines its clients into a pull; HTTP and parsing belong to the clients.
"""
