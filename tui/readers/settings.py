"""The user's settings for the screens: re-read when the file changes, as far as they are valid."""

from pathlib import Path

from tracker.file_stamp import FileStamp, file_stamp
from tracker.plan_data.login import detected_plan
from tracker.plan_data.table import plans_on
from tracker.pricing.user_rows import PRICES_NAME
from tracker.settings import LiveSettings, Settings, SettingsError, settings_path
from tui.snapshot import OwnPlan


class SettingsReader(LiveSettings):
    """The settings, what is wrong with the user's own prices, and the plan of this machine's login."""

    def __init__(self) -> None:
        super().__init__()
        self._prices = settings_path().with_name(PRICES_NAME)
        self._prices_stamp: FileStamp | None = None
        self.price_trouble = ""  # why they cannot be read
        self.detected: str | None = detected_plan()

    def read(self) -> Settings:
        """The settings as of now."""
        prices = file_stamp(self._prices)
        if prices != self._prices_stamp:
            self._prices_stamp, self.price_trouble = prices, _trouble_with_prices(self._prices)
        return super().read()

    def own_plan(self, day: str) -> OwnPlan | None:
        """How the user pays; None if unknown."""
        wanted = self.settings.plan
        plan_id = wanted.id or self.detected
        try:
            plan = plans_on(day).get(plan_id or "")
        except SettingsError as error:
            self.trouble = str(error)
            return None
        if plan is None:
            return None
        return OwnPlan(plan.name, plan.fee_usd(seats=wanted.seats, annual=wanted.annual, tax=wanted.tax))


def _trouble_with_prices(path: Path) -> str:
    from tracker.pricing.user_rows import load_user_rows

    try:
        load_user_rows(path)
    except (OSError, ValueError) as error:
        return f"your own prices cannot be used: {error}"
    return ""
