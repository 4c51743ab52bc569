"""Take Cal.com's webhooks: check, keep what they name, count what is refused. Nothing of Airflow, no web framework."""
