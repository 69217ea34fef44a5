"""How the user pays for a session, which decides the currency of its advice."""

from store.reads.live_session import LiveSession
from store.records import Agent
from tracker.advisor.habits import Habits
from tracker.advisor.preferences import Preferences
from tracker.model.advice.nudge import Billing

_PAYS_BY_CALL = "api"
_HAS_PLANS = Agent.CLAUDE_CODE


def is_on_plan(session: LiveSession, preferences: Preferences) -> bool:
    """Whether a plan pays for a session: by the settings for Claude Code, else by its records."""
    if preferences.plan is not None and session.agent == _HAS_PLANS:
        return preferences.plan != _PAYS_BY_CALL
    return session.billing == "plan" or bool(session.has_limit_samples)


def billing_of(session: LiveSession, preferences: Preferences, habits: Habits) -> Billing:
    """The user's currency: dollars, or a plan's limit units if its meter is calibrated."""
    return Billing(is_plan=True, meter=habits.meter) if is_on_plan(session, preferences) else Billing()
