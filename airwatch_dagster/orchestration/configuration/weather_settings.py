"""Settings of the source of weather forecasts."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import SecretStr, model_validator

from airwatch_dagster.acquire.weather.open_meteo.addresses import Interface, address_of, interface_of
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.setting_fields import address, setting
from airwatch_dagster.orchestration.configuration.source_name import SourceName, SourceNameSettings
from airwatch_dagster.orchestration.configuration.supplied_settings import WeatherSettings

WeatherSourceName = Literal["none", "files", "nbm", "nws", "open-meteo"]

DEFAULT_WEATHER: Final[Mapping[SourceName, WeatherSourceName]] = {"live": "nbm", "practice": "nbm"}
"""Source of readings → source of weather while AIRWATCH_WEATHER_SOURCE is not set; none for the others, whose readings
appear months later."""


def _default(settings: Mapping[str, Any]) -> WeatherSourceName:
    """Files where there are some, else what goes with the readings."""
    return "files" if settings.get("weather") else DEFAULT_WEATHER.get(settings["source"], "none")


class WeatherSourceSettings(WeatherSettings, SourceNameSettings):
    """Where weather forecasts come from."""

    weather_source: WeatherSourceName = setting(
        "AIRWATCH_WEATHER_SOURCE",
        "Source of weather forecasts: none, files (your own, of AIRWATCH_WEATHER), nbm (the National Blend of Models "
        "at stations), nws (the National Weather Service's forecasts for selected cities), or open-meteo",
        default_factory=_default,
        default_text="files with AIRWATCH_WEATHER, else nbm with AIRWATCH_SOURCE=live or practice, else none",
        allowed=f"one of {', '.join(get_args(WeatherSourceName))}",
        noun="source of weather",
    )
    nbm_url: Annotated[str | None, address("https", "http", "file")] = setting(
        "AIRWATCH_NBM_URL",
        "Address of the archive of NBM bulletins, or of a mirror",
        allowed="an http, https or file address",
        default_text="NOAA's open data",
    )
    nws_url: Annotated[str | None, address("https", "http", "file")] = setting(
        "AIRWATCH_NWS_URL",
        "Address of the archive of FPUS20 bulletins, or of a mirror",
        allowed="an http, https or file address",
        default_text="the Iowa Environmental Mesonet's",
    )
    open_meteo_url: Annotated[str | None, address("https", "http")] = setting(
        "AIRWATCH_OPEN_METEO_URL",
        "Address of Open-Meteo's previous runs or single runs",
        allowed="an http or https address",
        default_text="that of previous runs, for customers with a key",
    )
    open_meteo_key: SecretStr | None = setting(
        "AIRWATCH_OPEN_METEO_KEY", "Key of a customer of Open-Meteo; needed for commercial use", allowed="text"
    )

    @property
    def has_practice_weather(self) -> bool:
        """Whether weather comes from the embedded server of simulated air."""
        given = {"nbm": self.nbm_url, "nws": self.nws_url}
        return self.source == "practice" and given.get(self.weather_source, "") is None

    @property
    def open_meteo_interface(self) -> Interface:
        """The one that AIRWATCH_OPEN_METEO_URL names."""
        return interface_of(self.open_meteo_url)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.weather_source == "files" and not self.weather:
            fix = "Set AIRWATCH_WEATHER to their place, or choose another source of weather"
            raise ConfigurationError("AIRWATCH_WEATHER_SOURCE", "'files' is set without AIRWATCH_WEATHER", fix=fix)
        if self.source == "practice" and self.weather_source == "open-meteo" and self.open_meteo_url is None:
            problem = "'open-meteo' would be real weather over air that is simulated"
            fix = "Use nbm or nws, which the practice server has, or set AIRWATCH_OPEN_METEO_URL to another server"
            raise ConfigurationError("AIRWATCH_WEATHER_SOURCE", problem, fix=fix)
        if self.weather_source == "open-meteo":
            address_of(self.open_meteo_interface, self.open_meteo_url, has_key=self.open_meteo_key is not None)
        return self
