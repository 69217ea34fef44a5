"""How the user pays for a session, and so in which currency its advice is weighed."""

from store.reads.live_session import LiveSession
from store.records import Agent
from tracker.advisor.habits import Habits
from tracker.advisor.preferences import Preferences
from tracker.model.advice.nudge import Billing

_PAYS_BY_CALL = "api"
_HAS_PLANS = Agent.CLAUDE_CODE


def is_on_plan(session: LiveSession, preferences: Preferences) -> bool:
    """Whether a plan pays for a session: as the settings say of Claude Code, else as its records show."""
    if preferences.plan is not None and session.agent == _HAS_PLANS:
        return preferences.plan != _PAYS_BY_CALL
    return session.billing == "plan" or bool(session.has_limit_samples)


def billing_of(session: LiveSession, preferences: Preferences, habits: Habits) -> Billing:
    """The user's currency: dollars, or a plan's limit units as far as its meter has shown what they are."""
    return Billing(is_plan=True, meter=habits.meter) if is_on_plan(session, preferences) else Billing()
