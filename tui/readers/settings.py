"""The user's settings for the screens: re-read when the file changes, as far as they are valid."""

from pathlib import Path

from tracker.file_stamp import FileStamp, file_stamp
from tracker.plan_data.login import detected_plan
from tracker.plan_data.table import USER_PLANS_NAME, usable_plans_on
from tracker.pricing.user_rows import PRICES_NAME
from tracker.settings import LiveSettings, Settings, settings_path
from tui.snapshot import OwnPlan


class SettingsReader(LiveSettings):
    """The settings, what is wrong with the user's own prices and plans, and the plan of this machine's login."""

    def __init__(self) -> None:
        super().__init__()
        self._prices, self._plans = (settings_path().with_name(name) for name in (PRICES_NAME, USER_PLANS_NAME))
        self._prices_stamp: FileStamp | None = None
        self.plans_stamp: FileStamp | None = None  # changes whenever the user's own plans do
        self.price_trouble = ""  # why the user's own prices cannot be read
        self.plan_trouble = ""  # the same of plans
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
        self.plans_stamp = file_stamp(self._plans)
        plans, self.plan_trouble = usable_plans_on(day)
        plan = plans.get(wanted.id or self.detected or "")
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
