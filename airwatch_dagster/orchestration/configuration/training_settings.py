"""Settings of training."""

from airwatch_dagster.orchestration.configuration.setting_fields import SettingsGroup, setting


class TrainingSettings(SettingsGroup):
    """What training may take, and whether it is asked for when forecasts decay."""

    search_minutes: float = setting(
        "AIRWATCH_SEARCH_MINUTES",
        "Minutes that the search for better hyperparameters may take, yearly and after a loss of skill; 0 keeps the "
        "defaults",
        0.0,
        allowed="minutes from 0 (no search) to 1440",
        default_text="0",
        noun="number of minutes",
        ge=0.0,
        le=1440.0,
    )
    retrain: bool = setting(
        "AIRWATCH_RETRAIN",
        "Whether a lasting loss of skill asks for a retraining by itself, once a month at most",
        True,
        allowed="true or false",
        default_text="true",
        noun="answer",
    )
