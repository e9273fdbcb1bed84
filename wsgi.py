"""The WSGI entry: `gunicorn wsgi:app`, and where the `flask` command finds the app."""

from market.app import create_app

app = create_app()
