"""How gunicorn serves; it reads this file by itself. The address comes from whoever starts it."""

import os

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
# Workers are renewed now and then, not all at once.
max_requests = 2000
max_requests_jitter = 200
timeout = 60
graceful_timeout = 30
# Nobody steers a running server from outside.
control_socket_disable = True
# The heartbeat file of a worker must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
