"""The WSGI entry: `gunicorn wsgi:app`, and where the `flask` command finds the app."""

import gc

from market.app import create_app

app = create_app()
# What was made so far stays as long as the process: collections need not walk through it,
# which takes a tenth of a second whenever a page of thousands of rows sets one off.
gc.freeze()
