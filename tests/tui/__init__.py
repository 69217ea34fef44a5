"""The dashboard: pure drawings as text, and Pilot tests over a scripted feed."""
