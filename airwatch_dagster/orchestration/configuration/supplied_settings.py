"""Settings of tables that a user supplies."""

from airwatch_dagster.orchestration.configuration.setting_fields import SettingsGroup, setting


class WeatherSettings(SettingsGroup):
    """Weather that a user supplies."""

    weather: str | None = setting(
        "AIRWATCH_WEATHER",
        "Where archived weather forecasts are stored, as weather_forecasts/YYYY-MM-DD.parquet by issue day",
        allowed="a folder, or s3://bucket/prefix",
        default_text="none; weather is not used",
    )


class OtherForecastsSettings(SettingsGroup):
    """Forecasts of others that a user supplies."""

    other_forecasts: str | None = setting(
        "AIRWATCH_OTHER_FORECASTS",
        "Where forecasts of others are stored, for comparison, as other_forecasts/YYYY-MM-DD.parquet by issue day",
        allowed="a folder, or s3://bucket/prefix",
        default_text="none; nothing is compared with them",
    )
